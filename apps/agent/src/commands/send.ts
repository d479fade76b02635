import { once } from 'node:events';
import { accessSync, constants, createReadStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { connect, contentOf, type Reply } from '@qconn/client';
import { isQconnError, parseAddress, QconnError } from '@qconn/protocol';
import { EXIT_OK, reportFailure } from '@qconn/startup';
import type { AgentConfig } from '../config/agent-config.ts';
import { credentialStore } from '../config/credential-store.ts';
import { readConfig, type ConfigFlags } from '../config/read-config.ts';
import { askAgent, askStatus, readAnswer, running } from '../control/ask-agent.ts';
import { socketPath } from '../control/socket-path.ts';
import { AGENT } from '../version.ts';

export interface SendFlags extends ConfigFlags {
  readonly key?: string;
  readonly resolution?: string;
  readonly deadline?: string;
}

/** It was not run; sending it again cannot run it twice. */
const EXIT_NOT_SENT = 3;

/** It may have been run. */
const EXIT_UNCERTAIN = 4;

/** Beyond its own deadlines the agent answers within this time, in milliseconds. */
const ANSWER_SLACK_MS = 10_000;

interface Message {
  readonly to: string;
  /** Begins to read the body. */
  readonly open: () => Readable;
  readonly key: string | undefined;
  readonly resolutionMs: number;
  readonly jobMs: number;
}

/**
 * `qconn-agent send`: through the running agent, or, when none runs, over a connection of its own.
 * @returns the exit code
 * @throws QconnError what keeps the message from being sent at all
 */
export async function sendCommand(address: string, file: string | undefined, flags: SendFlags): Promise<number> {
  parseAddress(address);
  const config = readConfig(flags, ['credentials']);
  const message: Message = {
    to: address,
    open: bodyOf(file),
    key: flags.key,
    resolutionMs: milliseconds('--resolution', flags.resolution ?? '10'),
    jobMs: milliseconds('--deadline', flags.deadline ?? '30'),
  };
  try {
    const answer = await throughAgent(socketPath(config.credentials), message);
    await (answer === undefined ? directly(config, message) : write(answer));
    return EXIT_OK;
  } catch (error) {
    if (!isQconnError(error) || error.code.startsWith('credential_')) throw error;
    reportFailure(error, { program: 'qconn-agent' });
    process.stderr.write(`send it again: ${retryText(error, flags.key)}\n`);
    return error.retrySafe ? EXIT_NOT_SENT : EXIT_UNCERTAIN;
  }
}

/** @returns the reply's body; `undefined` when no agent runs */
async function throughAgent(path: string, message: Message): Promise<AsyncIterable<Uint8Array> | undefined> {
  const { to, key, resolutionMs, jobMs, open } = message;
  if ((await askStatus(path)) === undefined) return undefined;
  const query = new URLSearchParams({
    to,
    resolutionMs: String(resolutionMs),
    jobMs: String(jobMs),
    ...(key && { key }),
  });
  const answer = running(
    await askAgent(path, `POST /submit?${query.toString()}`, {
      body: open(),
      deadlineMs: resolutionMs + jobMs + ANSWER_SLACK_MS,
    }),
  );
  if (answer.statusCode !== 200) await readAnswer(answer);
  process.stderr.write(`completed by ${whoAnswered(answer)}\n`);
  return answer as AsyncIterable<Uint8Array>;
}

async function directly(config: AgentConfig, message: Message): Promise<void> {
  const { to, open, key, resolutionMs, jobMs } = message;
  const client = await connect({ credentials: await credentialStore(config), agent: AGENT });
  try {
    const body = await contentOf(open() as AsyncIterable<Uint8Array>);
    const reply = await client.request(to, body, { idempotencyKey: key, resolutionMs, jobMs });
    process.stderr.write(`completed by ${whoReplied(reply)}\n`);
    await write(reply.stream);
  } finally {
    await client.close();
  }
}

/** As fast as standard output takes it. */
async function write(body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of body) if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
}

function whoAnswered({ headers }: IncomingMessage): string {
  return `${String(headers['qconn-machine'])} / ${String(headers['qconn-device'])}`;
}

function whoReplied({ stages }: Reply): string {
  const target = stages.find((report) => report.target !== undefined)?.target;
  return target === undefined ? 'its target' : `${target.hostname || target.fingerprint} / ${target.device}`;
}

/** @throws QconnError `usage` for a file that cannot be read */
function bodyOf(file: string | undefined): () => Readable {
  if (file === undefined || file === '-') return () => process.stdin;
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    throw new QconnError('usage', `The file ${file} cannot be read.`, { cause });
  }
  return () => createReadStream(file);
}

function milliseconds(flag: string, seconds: string): number {
  const value = Number(seconds);
  if (!(value > 0 && value <= 86_400)) throw new QconnError('usage', `${flag} is a number of seconds, up to 86,400.`);
  return Math.ceil(value * 1_000);
}

function retryText({ retrySafe }: QconnError, key: string | undefined): string {
  if (retrySafe) return 'safe: it was not run';
  return key === undefined
    ? 'not safe: it may have been run; with --key a repetition would have been recognised'
    : 'safe with the same --key: if it was run, the machine answers with the first outcome';
}
