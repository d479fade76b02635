import { request } from 'node:https';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import type { SecureContext } from 'node:tls';

/** Whom to trust, and as whom to call. */
export interface PostOptions {
  readonly trust: { readonly ca: string } | { readonly secureContext: SecureContext };
  readonly key?: string;
}

/** One request on a connection of its own. @throws Error for anything but success */
export async function post(
  url: string,
  body: unknown,
  { trust, key = '' }: PostOptions,
): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json', ...(key === '' ? {} : { authorization: `Bearer ${key}` }) };
  const call = request(url, { method: 'POST', agent: false, ...trust, headers });
  call.end(JSON.stringify(body));
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  const content = (await json(answer)) as Record<string, unknown>;
  if (answer.statusCode !== 200 && answer.statusCode !== 201) throw new Error(JSON.stringify(content));
  return content;
}
