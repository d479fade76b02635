import { createReadStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { connect, type Reply } from '@qconn/client';
import { BODY_MAX_BYTES, isQconnError, parseAddress, QconnError } from '@qconn/protocol';
import { EXIT_OK, reportFailure } from '@qconn/startup';
import { readConfig, type ConfigFlags } from '../config/read-config.ts';
import { askAgent, readAnswer } from '../control/ask-agent.ts';
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
  readonly body: Uint8Array;
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
  const { credentials } = readConfig(flags, ['credentials']);
  const message: Message = {
    to: address,
    body: await readBody(file),
    key: flags.key,
    resolutionMs: milliseconds('--resolution', flags.resolution ?? '10'),
    jobMs: milliseconds('--deadline', flags.deadline ?? '30'),
  };
  try {
    process.stdout.write(
      (await throughAgent(socketPath(credentials), message)) ?? (await directly(credentials, message)),
    );
    return EXIT_OK;
  } catch (error) {
    if (!isQconnError(error) || error.code.startsWith('credential_')) throw error;
    reportFailure(error, { program: 'qconn-agent' });
    process.stderr.write(`send it again: ${retryText(error, flags.key)}\n`);
    return error.retrySafe ? EXIT_NOT_SENT : EXIT_UNCERTAIN;
  }
}

/** @returns the reply's body; `undefined` when no agent runs */
async function throughAgent(path: string, message: Message): Promise<Uint8Array | undefined> {
  const { to, key, resolutionMs, jobMs, body } = message;
  const query = new URLSearchParams({
    to,
    resolutionMs: String(resolutionMs),
    jobMs: String(jobMs),
    ...(key && { key }),
  });
  const answer = await askAgent(path, `POST /submit?${query.toString()}`, {
    body,
    deadlineMs: resolutionMs + jobMs + ANSWER_SLACK_MS,
  });
  if (answer === undefined) return undefined;
  if (answer === 'silent') throw new QconnError('invalid_state', 'The agent runs, but it does not answer.');
  if (answer.statusCode !== 200) await readAnswer(answer);
  process.stderr.write(`completed by ${whoAnswered(answer)}\n`);
  return buffer(answer);
}

async function directly(credentials: string, { to, body, key, resolutionMs, jobMs }: Message): Promise<Uint8Array> {
  const client = await connect({ credentials, agent: AGENT });
  try {
    const reply = await client.request(to, body, { idempotencyKey: key, resolutionMs, jobMs });
    process.stderr.write(`completed by ${whoReplied(reply)}\n`);
    return reply.body;
  } finally {
    await client.close();
  }
}

function whoAnswered({ headers }: IncomingMessage): string {
  return `${String(headers['qconn-machine'])} / ${String(headers['qconn-device'])}`;
}

function whoReplied({ stages }: Reply): string {
  const target = stages.find((report) => report.target !== undefined)?.target;
  return target === undefined ? 'its target' : `${target.hostname || target.fingerprint} / ${target.device}`;
}

async function readBody(file: string | undefined): Promise<Uint8Array> {
  const source = file === undefined || file === '-' ? process.stdin : createReadStream(file);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > BODY_MAX_BYTES) throw new QconnError('too_large', `The body has more than ${BODY_MAX_BYTES} bytes.`);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof QconnError) throw cause;
    throw new QconnError('usage', `The file ${file} cannot be read.`, { cause });
  }
  return Buffer.concat(chunks);
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
