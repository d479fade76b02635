import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Client, Reply } from '@qconn/client';
import { QconnError } from '@qconn/protocol';
import type { Agent } from '../run/agent.ts';
import type { Reloading } from '../run/reloading.ts';
import type { ControlRequest, ControlRoutes } from './control-server.ts';
import type { LogTail } from './log-tail.ts';
import { checkAllowed, HEADER_PREFIX, readSubmission } from './submission.ts';

/** Lines of the log that are told when nobody says how many. */
const LOG_LINES = 100;

/** Bytes that may wait for somebody who follows the log and does not read; past that the following ends. */
const FOLLOWER_BUFFER_BYTES: number = 1024 * 1024;

/** What can be asked of a running agent. */
export interface ControlParts {
  readonly agent: Agent;
  readonly client: Client;
  readonly reloading: Reloading;
  readonly log: LogTail;
}

/** The routes of a running agent's socket. */
export function agentControl({ agent, client, reloading, log }: ControlParts): ControlRoutes {
  return {
    'GET /status': () => ({ ...agent.status, config: reloading.status }),
    'GET /logs': (request) => tellLog(log, request),
    'POST /reload': () => reloading.reload(),
    'POST /drain': async () => {
      await agent.devices.drain();
      return { drained: true, devices: agent.devices.size };
    },
    'POST /resume': async () => {
      await agent.devices.resume();
      return { drained: false, devices: agent.devices.size };
    },
    'POST /renew': async () => ({ certificateExpiresAt: new Date(await client.renewNow()).toISOString() }),
    'POST /submit': (request) => submit(client, reloading, request),
  };
}

/** The last lines, and with `follow` those to come, as they were written. */
async function tellLog(log: LogTail, { query, response, signal }: ControlRequest): Promise<void> {
  const lines = query.get('lines') ?? String(LOG_LINES);
  if (!/^\d{1,5}$/.test(lines)) throw new QconnError('invalid_request', 'lines is a whole number, 0 … 99,999.');
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  for (const line of log.last(Number(lines))) response.write(line);
  if (query.get('follow') !== 'true') return void response.end();
  const end = log.follow((line) => follow(response, line));
  signal.addEventListener('abort', end, { once: true });
  response.flushHeaders();
  if (!signal.aborted) await once(signal, 'abort');
  end();
}

function follow(response: ServerResponse, line: string): void {
  if (response.writableLength > FOLLOWER_BUFFER_BYTES) response.destroy();
  else response.write(line);
}

/** Sends a local program's message under this machine's name. */
async function submit(
  client: Client,
  reloading: Reloading,
  { query, message, response, signal }: ControlRequest,
): Promise<void> {
  const { address, body, ...options } = await readSubmission(query, message);
  checkAllowed(address.serviceType, reloading.config.local.submit);
  await answerWith(response, await client.request(address, body, { ...options, signal }));
}

async function answerWith(response: ServerResponse, { headers, stream, stages }: Reply): Promise<void> {
  const told = Object.entries(headers).map(([name, value]) => [HEADER_PREFIX + name, headerValue(value)]);
  const target = stages.find((report) => report.target !== undefined)?.target;
  const by =
    target === undefined
      ? {}
      : { 'qconn-machine': target.hostname || target.fingerprint, 'qconn-device': target.device };
  response.writeHead(200, {
    ...Object.fromEntries(told),
    ...by,
    'content-type': 'application/octet-stream',
    // Not known beforehand, it is left out, and the body goes in chunks.
    ...(stream.length === undefined ? {} : { 'content-length': stream.length }),
    connection: 'close',
  });
  // What breaks off ends the connection before its length is reached, and so is told.
  await pipeline(stream, response);
}

/** Header values are any text; HTTP takes visible Latin characters (RFC 9110, section 5.5). */
function headerValue(value: string): string {
  return /^[\u0020-\u007e]*$/.test(value) ? value : encodeURIComponent(value);
}
