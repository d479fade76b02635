import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ManualClock, systemClock } from '@qconn/clock';
import { createTestPki } from '@qconn/testkit';
import { afterEach, expect, test } from 'vitest';
import { HttpAdapter, type HttpSettings } from '../../src/adapters/http.ts';
import { rejectionOf, testJob } from '../test-job.ts';

const SETTINGS: Omit<HttpSettings, 'url'> = {
  type: 'http',
  headers: {},
  connectTimeoutMs: 5_000,
  timeoutMs: 25_000,
  answerMaxBytes: 65_536,
};

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

/** A service at a URL of its own. */
async function service(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  const url = await listening(server);
  endings.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return url;
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jobs`;
}

async function textOf(request: IncomingMessage): Promise<string> {
  return Buffer.concat((await request.toArray()) as Buffer[]).toString();
}

function adapter(url: string, settings: Partial<HttpSettings> = {}, clock = systemClock): HttpAdapter {
  return new HttpAdapter({ ...SETTINGS, url, ...settings }, { clock });
}

test('posts the body with the facts of the job, and answers with what comes back', async () => {
  const received = Promise.withResolvers<{ request: IncomingMessage; body: string }>();
  const url = await service((request, response) => {
    void textOf(request).then((body) => {
      received.resolve({ request, body });
      response.writeHead(201, { 'content-type': 'text/plain' }).end('weighed: 3 g');
    });
  });
  const job = testJob({
    body: 'weigh',
    headers: { 'content-type': 'text/x-scale', host: 'evil', 'transfer-encoding': 'chunked' },
    idempotencyKey: 'clé\r\nx: y',
  });
  const answer = (await adapter(url, { headers: { authorization: 'Bearer local' } }).handle(job)) as {
    body: Uint8Array;
  };
  expect(answer).toMatchObject({ headers: { 'content-type': 'text/plain' } });
  expect(Buffer.from(answer.body).toString()).toBe('weighed: 3 g');
  const { request, body } = await received.promise;
  expect(request).toMatchObject({ method: 'POST', url: '/jobs' });
  expect(body).toBe('weigh');
  expect(request.headers).toMatchObject({
    host: new URL(url).host,
    authorization: 'Bearer local',
    'content-type': 'text/x-scale',
    'content-length': '5',
    'qconn-from': 'qc1sender',
    'qconn-from-hostname': 'lims',
    'qconn-service-type': 'print',
    'qconn-device': 'zebra-1',
    'idempotency-key': 'cl%C3%A9x: y',
  });
  expect(request.headers['transfer-encoding']).toBeUndefined();
});

test('an empty answer is an empty answer', async () => {
  const url = await service((_request, response) => response.writeHead(204).end());
  expect(await adapter(url).handle(testJob())).toEqual({ body: new Uint8Array(0), headers: {} });
});

test.each([
  [400, 'rejected', 'answered with status 400: no such label'],
  [404, 'rejected', 'answered with status 404: no such label'],
  [429, 'rejected', 'answered with status 429: no such label'],
  [500, 'handler_failed', 'answered with status 500: no such label'],
  [503, 'handler_failed', 'answered with status 503: no such label'],
])('status %d is %s, with the beginning of what it said', async (status, code, message) => {
  const url = await service((_request, response) => response.writeHead(status).end('no such\nlabel'));
  expect(await rejectionOf(adapter(url).handle(testJob()))).toMatchObject({
    code,
    message: expect.stringContaining(message),
  });
});

test('an error page of any length leaves its beginning', async () => {
  const url = await service((_request, response) => response.writeHead(500).end(`oh no ${'<br>'.repeat(1_000_000)}`));
  const { message } = await rejectionOf(adapter(url).handle(testJob()));
  expect(message).toContain('status 500: oh no <br>');
  expect(message.length).toBeLessThan(400);
});

test('redirects are not followed', async () => {
  let calls = 0;
  const url = await service((_request, response) => {
    calls++;
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  expect(await rejectionOf(adapter(url).handle(testJob()))).toMatchObject({
    code: 'handler_failed',
    message: expect.stringContaining('redirects are not followed'),
  });
  expect(calls).toBe(1);
});

test('a service that does not listen refuses the job', async () => {
  const server = createTcpServer();
  const url = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  expect(await rejectionOf(adapter(url).handle(testJob({ body: 'x' })))).toMatchObject({
    code: 'rejected',
    message: `http ${url} refused the connection: nothing listens there.`,
  });
});

test('a service that hangs up after it has seen the job fails it', async () => {
  const url = await service((request) => request.socket.destroy());
  expect(await rejectionOf(adapter(url).handle(testJob({ body: 'x' })))).toMatchObject({
    code: 'handler_failed',
    message: expect.stringContaining('part of the job may have been done'),
  });
});

test('an answer that breaks off fails the job', async () => {
  const url = await service((request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('half', () => request.socket.destroy());
  });
  expect(await rejectionOf(adapter(url).handle(testJob()))).toMatchObject({
    code: 'handler_failed',
    message: expect.stringContaining('broke its answer off'),
  });
});

test('something that does not speak HTTP fails the job', async () => {
  const server = createTcpServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.2\r\n'));
  const url = await listening(server);
  endings.push(() => new Promise((resolve) => server.close(resolve)));
  expect(await rejectionOf(adapter(url).handle(testJob()))).toMatchObject({ code: 'handler_failed' });
});

test('an answer over its limit fails the job', async () => {
  const url = await service((_request, response) => response.end('x'.repeat(101)));
  expect(await rejectionOf(adapter(url, { answerMaxBytes: 100 }).handle(testJob()))).toMatchObject({
    code: 'handler_failed',
    message: expect.stringContaining('more than 100 bytes'),
  });
});

test.each([
  ['says nothing', (): void => {}],
  [
    'begins its answer and never ends it',
    (response: { write(text: string): unknown }): void => void response.write('slow'),
  ],
])('a service that %s fails the job in time', async (_what, behave) => {
  const clock = new ManualClock();
  const url = await service((_request, response) => {
    behave(response);
    clock.advance(25_000);
  });
  expect(await rejectionOf(adapter(url, {}, clock).handle(testJob()))).toMatchObject({
    code: 'handler_failed',
    message: expect.stringContaining('did not answer within 25000 ms'),
  });
  expect(clock.pendingTimers).toBe(0);
});

test('cancelling ends the call', async () => {
  const abort = new AbortController();
  const hungUp = Promise.withResolvers<void>();
  const url = await service((request) => {
    request.socket.once('close', () => hungUp.resolve());
    abort.abort();
  });
  expect(await rejectionOf(adapter(url).handle(testJob({ signal: abort.signal })))).toMatchObject({
    code: 'cancelled',
  });
  await hungUp.promise;
});

test('a service with TLS is trusted as far as this system trusts its certificate', async () => {
  const pki = await createTestPki();
  const { keyPem, chainPem } = await pki.server();
  const server = createTlsServer({ key: keyPem, cert: chainPem.join('\n') }, (_request, response) =>
    response.end('ok'),
  );
  const url = (await listening(server)).replace('http:', 'https:');
  endings.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  expect(await rejectionOf(adapter(url).handle(testJob({ body: 'x' })))).toMatchObject({
    code: 'rejected',
    message: expect.stringContaining('this system does not trust its certificate'),
  });
  const before = getCACertificates('default');
  setDefaultCACertificates([pki.rootPem]);
  try {
    const answer = (await adapter(url).handle(testJob({ body: 'x' }))) as { body: Uint8Array };
    expect(Buffer.from(answer.body).toString()).toBe('ok');
  } finally {
    setDefaultCACertificates(before);
  }
});
