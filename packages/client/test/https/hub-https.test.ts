import type { RequestListener, ServerResponse } from 'node:http';
import { createTestPki } from '@qconn/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { HubHttps } from '../../src/https/hub-https.ts';
import { parseHubUrl } from '../../src/https/hub-url.ts';
import { TlsServer } from './tls-server.ts';

let server: TlsServer | undefined;
let https: HubHttps | undefined;
afterEach(async () => {
  https?.close();
  await server?.close();
});

async function call(answer: RequestListener, body?: unknown): Promise<unknown> {
  server = await TlsServer.start(answer);
  https = new HubHttps({ url: server.url, trustPem: [server.pki.rootPem], key: 'qk_test' });
  return https.call('POST', '/v1/things', body);
}

function json(reply: ServerResponse, status: number, value: unknown): void {
  reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

test('a call carries key and body, and gives the answer', async () => {
  const answer = call(
    (request, reply) => {
      request.setEncoding('utf8').once('data', (text: string) => {
        json(reply, 200, { got: JSON.parse(text) as unknown, key: request.headers.authorization });
      });
    },
    { a: 1 },
  );
  expect(await answer).toEqual({ got: { a: 1 }, key: 'Bearer qk_test' });
});

test('an empty answer is none', async () => {
  expect(await call((_, reply) => reply.writeHead(204).end())).toBeUndefined();
});

test('a problem is the hub’s own error, with its code, facts and time to wait', async () => {
  const problem = {
    code: 'hostname_taken',
    detail: 'taken by qc1x',
    retryAfterMs: 5,
    facts: { holder: 'qc1x' },
    instance: 'r1',
  };
  await expect(call((_, reply) => json(reply, 409, problem))).rejects.toMatchObject({
    code: 'hostname_taken',
    message: 'taken by qc1x',
    retryAfterMs: 5,
    facts: { holder: 'qc1x', request: 'r1' },
  });
});

describe('answers that no hub gives', () => {
  const answers: [what: string, answer: RequestListener, code: string][] = [
    ['a problem with an unknown code', (_, reply) => json(reply, 418, { code: 'teapot' }), 'internal'],
    ['a problem that is a list', (_, reply) => json(reply, 500, [1]), 'internal'],
    ['a redirect', (_, reply) => reply.writeHead(302, { location: 'https://elsewhere/' }).end(), 'internal'],
    ['a proxy’s page', (_, reply) => reply.writeHead(502).end('<html>Bad gateway</html>'), 'unreachable'],
    ['text with status 200', (_, reply) => reply.writeHead(200).end('hello'), 'unreachable'],
    ['more than any list has', (_, reply) => reply.writeHead(200).end(Buffer.alloc(9 * 1024 * 1024, 32)), 'too_large'],
    [
      'one that breaks off in the middle',
      (_, reply) => {
        reply.writeHead(200, { 'content-length': '100' }).write('{"a":');
        setImmediate(() => reply.destroy());
      },
      'unreachable',
    ],
    ['a connection that is closed without one', (request) => request.socket.destroy(), 'unreachable'],
  ];

  test.each(answers)('%s', async (_, answer, code) => {
    await expect(call(answer)).rejects.toMatchObject({ name: 'QconnError', code });
  });
});

test('a server of another CA is not trusted', async () => {
  server = await TlsServer.start((_, reply) => json(reply, 200, {}));
  const { rootPem } = await createTestPki({ name: 'Other' });
  https = new HubHttps({ url: server.url, trustPem: [rootPem] });
  await expect(https.call('GET', '/')).rejects.toMatchObject({ code: 'hub_untrusted' });
});

test.each(['http://hub.example', 'hub.example:8443', '', 'ftp://x'])('%j is no address of a hub', (url) => {
  expect(() => parseHubUrl(url)).toThrow(expect.objectContaining({ code: 'usage' }));
});
