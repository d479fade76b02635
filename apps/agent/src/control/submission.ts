import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { contentOf, type Content } from '@qconn/client';
import { parseAddress, QconnError, type Address, type Headers } from '@qconn/protocol';

/** Message headers travel under this prefix over the socket, both ways. */
export const HEADER_PREFIX = 'qconn-header-';

/** What a local program asks the agent to send. */
export interface Submission {
  readonly address: Address;
  readonly headers: Headers;
  readonly body: Content;
  readonly idempotencyKey: string | undefined;
  readonly resolutionMs: number | undefined;
  readonly jobMs: number | undefined;
}

/** Reads `POST /submit?to=ADDRESS`. @throws QconnError `bad_address`, `invalid_request` */
export async function readSubmission(query: URLSearchParams, message: IncomingMessage): Promise<Submission> {
  const to = query.get('to');
  if (to === null) throw new QconnError('invalid_request', 'Say where to: /submit?to=print@printer-pc/zebra-1');
  return {
    address: parseAddress(to),
    idempotencyKey: query.get('key') ?? undefined,
    resolutionMs: milliseconds(query, 'resolutionMs'),
    jobMs: milliseconds(query, 'jobMs'),
    headers: messageHeaders(message.headers),
    body: await contentOf(message as AsyncIterable<Uint8Array>),
  };
}

/** @throws QconnError `forbidden` unless the configuration lets local programs submit that service type */
export function checkAllowed(serviceType: string, allowed: readonly string[]): void {
  if (allowed.some((pattern) => matches(pattern, serviceType))) return;
  throw new QconnError(
    'forbidden',
    `The agent’s configuration does not let local programs submit ${serviceType}: add it to local.submit.`,
  );
}

/** `print`, `scale.*`, `*`: as in roles. */
function matches(pattern: string, serviceType: string): boolean {
  if (pattern === '*') return true;
  return pattern.endsWith('.*') ? serviceType.startsWith(pattern.slice(0, -1)) : serviceType === pattern;
}

function milliseconds(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,8}$/.test(text)) throw new QconnError('invalid_request', `${name} is a whole number of milliseconds.`);
  return Number(text);
}

function messageHeaders(headers: IncomingHttpHeaders): Headers {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith(HEADER_PREFIX))
      .map(([name, value]) => [name.slice(HEADER_PREFIX.length), String(value)]),
  );
}
