import { request, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { systemClock } from '@qconn/clock';
import { ERROR_TABLE, QconnError, type ErrorCode } from '@qconn/protocol';
import type { RunningStatus } from './agent-status.ts';

/** Longest wait for the head of an answer, in milliseconds: it is on this machine and answers from memory. */
const ANSWER_DEADLINE_MS = 3_000;

/** Most bytes of an answer that is read whole: 256 devices with 32 service types of 128 bytes are a megabyte. */
const ANSWER_MAX_BYTES: number = 4 * 1024 * 1024;

/** What to ask with. */
export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Readable;
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for the head of the answer, in milliseconds. Default 3,000. */
  readonly deadlineMs?: number | undefined;
}

/**
 * Asks the agent that runs with a credential folder. Whatever answers, even if it says nothing of use, counts as running.
 * @param route method and path: `GET /status`
 * @returns its answer, with the body still to be read; `undefined` when nobody listens there; `'silent'` when whoever
 *   listens does not answer as an agent does
 */
export function askAgent(
  socketPath: string,
  route: string,
  { headers = {}, body, signal, deadlineMs = ANSWER_DEADLINE_MS }: AskOptions = {},
): Promise<IncomingMessage | 'silent' | undefined> {
  const [method, path] = route.split(' ');
  return new Promise((resolve) => {
    let connected = false;
    const asked = request({ socketPath, method, path, headers, agent: false, signal });
    const settle = (answer: IncomingMessage | 'silent' | undefined): void => {
      timer.cancel();
      asked.on('error', () => {});
      if (typeof answer !== 'object') asked.destroy();
      resolve(answer);
    };
    const timer = systemClock.setTimer(deadlineMs, () => settle('silent'));
    asked.once('socket', (socket) => socket.once('connect', () => (connected = true)));
    asked.once('response', settle);
    asked.once('error', () => settle(connected ? 'silent' : undefined));
    if (body instanceof Readable) body.once('error', (error) => asked.destroy(error)).pipe(asked);
    else asked.end(body);
  });
}

/**
 * Asks the agent to do something, and waits until it has.
 * @returns what it says
 * @throws QconnError what it answers with; `invalid_state` when no agent runs or it does not answer
 */
export async function commandAgent(socketPath: string, route: string, options?: AskOptions): Promise<unknown> {
  return readAnswer(running(await askAgent(socketPath, route, options)));
}

/** The answer of an agent that runs. @throws QconnError `invalid_state` */
export function running(answer: IncomingMessage | 'silent' | undefined): IncomingMessage {
  if (answer === undefined)
    throw new QconnError('invalid_state', 'No agent runs with this credential folder. Start it with: qconn-agent run');
  if (answer === 'silent') throw silent();
  return answer;
}

/** For an agent that is there and says nothing of use: one that begins, hangs, or is none. */
export function silent(): QconnError {
  return new QconnError('invalid_state', 'The agent runs, but it does not answer.');
}

/** The status of a running agent; `undefined` when none runs, `'silent'` when it does not answer. */
export async function askStatus(socketPath: string): Promise<RunningStatus | 'silent' | undefined> {
  const answer = await askAgent(socketPath, 'GET /status');
  if (answer === undefined || answer === 'silent') return answer;
  const value = (await readAnswer(answer).catch(() => null)) as RunningStatus | null;
  return value?.running === true ? value : 'silent';
}

/** Reads an answer whole. @throws QconnError what the agent answered with; `internal` for an answer that is none */
export async function readAnswer(answer: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > ANSWER_MAX_BYTES) throw new QconnError('internal', 'The agent’s answer has no end.');
  }
  const value = parsed(Buffer.concat(chunks).toString('utf8'));
  if ((answer.statusCode ?? 500) < 300) return value;
  throw errorOf(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new QconnError('internal', 'What answers at the agent’s socket is not an agent.', { cause });
  }
}

function errorOf(value: unknown): QconnError {
  const { code, message, retryAfterMs } = (value ?? {}) as {
    code?: unknown;
    message?: unknown;
    retryAfterMs?: unknown;
  };
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_TABLE, code) || typeof message !== 'string')
    return new QconnError('internal', 'The agent’s answer cannot be understood.');
  return new QconnError(code as ErrorCode, message, typeof retryAfterMs === 'number' ? { retryAfterMs } : {});
}
