import { request, type Agent } from 'node:https';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { TlsIdentity } from '@qconn/transport';
import type { RunningHub } from '../hub/running-hub.ts';

/** An answer of the HTTPS API. */
export interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
  readonly json: Record<string, unknown>;
  readonly headers: IncomingHttpHeaders;
}

/** As whom, and what. */
export interface AskOptions {
  readonly key?: string | undefined;
  /** To ask as a machine. */
  readonly machine?: Pick<TlsIdentity, 'keyPem' | 'chainPem'> | undefined;
  /** Keeps connections open for more than one question. */
  readonly agent?: Agent;
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks the HTTPS API of a hub, on a connection of its own. */
export async function ask(
  { httpsUrl, authority }: RunningHub,
  path: string,
  options: AskOptions = {},
): Promise<Answer> {
  const { key, method = 'GET', body, headers, machine, agent = false } = options;
  const sent = request(`${httpsUrl}${path}`, {
    ca: authority.rootPem,
    ...(machine && { key: machine.keyPem, cert: machine.chainPem.join('') }),
    agent,
    method,
    headers: {
      ...headers,
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const content = await text(answer);
  const type = answer.headers['content-type'];
  const json = type?.includes('json') === true ? (JSON.parse(content) as Record<string, unknown>) : {};
  return { status: answer.statusCode ?? 0, type, text: content, json, headers: answer.headers };
}
