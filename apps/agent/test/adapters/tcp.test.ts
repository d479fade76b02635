import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ManualClock, systemClock } from '@qconn/clock';
import { afterEach, expect, test } from 'vitest';
import { TcpAdapter, type TcpSettings } from '../../src/adapters/tcp.ts';
import { rejectionOf, testJob } from '../test-job.ts';

const SETTINGS: TcpSettings = {
  type: 'tcp',
  host: '127.0.0.1',
  port: 0,
  connectTimeoutMs: 5_000,
  writeTimeoutMs: 10_000,
  doneWhen: 'closed',
  closeTimeoutMs: 10_000,
  readBack: false,
  answerMaxBytes: 65_536,
};
const LABEL = '^XA^FO50,50^ADN,36,20^FDqconn^FS^XZ';
/** More than the kernel's buffers on loopback take. */
const HUGE = new Uint8Array(32 * 1024 * 1024);

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

/** A device: a listener that does with each connection what the test says. */
async function device(onConnection: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, server };
}

/** A printer: takes bytes until the sender closes, then closes. */
async function printer(): Promise<{ port: number; printed: Promise<string> }> {
  const printed = Promise.withResolvers<string>();
  const { port } = await device((socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => {
      socket.end();
      printed.resolve(Buffer.concat(chunks).toString());
    });
  });
  return { port, printed: printed.promise };
}

function adapter(settings: Partial<TcpSettings>, clock = systemClock): TcpAdapter {
  return new TcpAdapter({ ...SETTINGS, ...settings }, { clock });
}

test('writes the bytes of the job and is done when the device has closed', async () => {
  const { port, printed } = await printer();
  expect(await adapter({ port }).handle(testJob({ body: LABEL }))).toBeUndefined();
  expect(await printed).toBe(LABEL);
});

test('sends an empty job as a connection without bytes', async () => {
  const { port, printed } = await printer();
  await adapter({ port }).handle(testJob());
  expect(await printed).toBe('');
});

test('answers with what the device sends until it closes', async () => {
  const { port } = await device((socket) => socket.once('data', () => socket.end('status: ok')));
  const answer = await adapter({ port, readBack: true }).handle(testJob({ body: '~HS' }));
  expect(Buffer.from(answer as Uint8Array).toString()).toBe('status: ok');
});

test('drops what the device says when nobody asked to read it', async () => {
  const { port } = await device((socket) =>
    socket.on('data', () => {}).on('end', () => socket.end('x'.repeat(1_000_000))),
  );
  expect(await adapter({ port }).handle(testJob({ body: LABEL }))).toBeUndefined();
});

test('fails when the answer is over its limit', async () => {
  const { port } = await device((socket) => socket.once('data', () => socket.end('x'.repeat(101))));
  const error = await rejectionOf(
    adapter({ port, readBack: true, answerMaxBytes: 100 }).handle(testJob({ body: LABEL })),
  );
  expect(error).toMatchObject({ code: 'handler_failed', message: expect.stringContaining('more than 100 bytes') });
});

test('refuses the job when nothing listens', async () => {
  const { port, server } = await device(() => {});
  await new Promise((resolve) => server.close(resolve));
  const error = await rejectionOf(adapter({ port }).handle(testJob({ body: LABEL })));
  expect(error).toMatchObject({
    code: 'rejected',
    message: `tcp 127.0.0.1:${port} refused the connection: nothing listens there.`,
  });
});

test('refuses the job when the host name does not resolve', async () => {
  const error = await rejectionOf(adapter({ host: 'printer.invalid', port: 9_100 }).handle(testJob({ body: LABEL })));
  expect(error).toMatchObject({
    code: 'rejected',
    message: expect.stringMatching(/does not resolve|cannot be reached/),
  });
});

test('refuses the job when the device does not accept the connection in time', async () => {
  const port = await deafPort();
  const clock = new ManualClock();
  const handled = rejectionOf(adapter({ port }, clock).handle(testJob({ body: LABEL })));
  clock.advance(5_000);
  expect(await handled).toMatchObject({ code: 'rejected', message: expect.stringContaining('within 5000 ms') });
  expect(clock.pendingTimers).toBe(0);
});

test('a device that takes everything and never closes fails the job, and says what to set', async () => {
  const clock = new ManualClock();
  const { port } = await device((socket) => socket.resume().once('end', () => clock.advance(10_000)));
  const error = await rejectionOf(adapter({ port }, clock).handle(testJob({ body: LABEL })));
  expect(error).toMatchObject({
    code: 'handler_failed',
    message: expect.stringMatching(/doneWhen: sent.*may have been done/),
  });
});

test('a printer that accepts and never reads fails the job', async () => {
  const { port } = await device((socket) => socket.pause());
  const clock = new ManualClock();
  const handled = rejectionOf(adapter({ port, connectTimeoutMs: 1e9 }, clock).handle(testJob({ body: HUGE })));
  expect(await whileTimePasses(clock, handled)).toMatchObject({
    code: 'handler_failed',
    message: expect.stringContaining('did not take the whole job within 10000 ms'),
  });
});

test('with doneWhen: sent a device need not close', async () => {
  const received = Promise.withResolvers<string>();
  const { port } = await device((socket) => socket.once('data', (chunk) => received.resolve(chunk.toString())));
  await adapter({ port, doneWhen: 'sent' }).handle(testJob({ body: LABEL }));
  expect(await received.promise).toBe(LABEL);
});

test.each([
  ['resets', (socket: Socket) => socket.resetAndDestroy()],
  ['closes', (socket: Socket) => socket.end()],
])('a device that %s in the middle fails the job: part of it may have been done', async (_what, breakOff) => {
  const { port } = await device((socket) => socket.once('data', () => breakOff(socket.pause())));
  const error = await rejectionOf(adapter({ port }).handle(testJob({ body: HUGE })));
  expect(error).toMatchObject({
    code: 'handler_failed',
    message: expect.stringContaining('part of the job may have been done'),
  });
});

test('a cancelled job resets its connection', async () => {
  const abort = new AbortController();
  const broken = Promise.withResolvers<NodeJS.ErrnoException>();
  const { port } = await device((socket) => {
    socket.once('error', (error) => broken.resolve(error));
    socket.once('data', () => abort.abort());
  });
  const error = await rejectionOf(adapter({ port }).handle(testJob({ body: HUGE, signal: abort.signal })));
  expect(error).toMatchObject({ code: 'cancelled' });
  expect((await broken.promise).code).toBe('ECONNRESET');
});

test('a job that was cancelled before it began opens no connection', async () => {
  const { port } = await device(() => expect.unreachable());
  const error = await rejectionOf(adapter({ port }).handle(testJob({ signal: AbortSignal.abort() })));
  expect(error).toMatchObject({ code: 'cancelled' });
});

test('cancelling ends a connection that is still being made', async () => {
  const port = await deafPort();
  const abort = new AbortController();
  const handled = rejectionOf(adapter({ port }).handle(testJob({ signal: abort.signal })));
  abort.abort();
  expect(await handled).toMatchObject({ code: 'cancelled' });
});

/** A port that listens and never accepts: a process that is stopped, with its backlog filled. */
async function deafPort(): Promise<number> {
  const program = fileURLToPath(new URL('../programs/deaf-listener.ts', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  endings.push(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  // The backlog of 1 holds two; whoever comes next waits for ever.
  for (let n = 0; n < 2; n++) {
    const filler = connect({ host: '127.0.0.1', port });
    filler.on('error', () => {});
    endings.push(() => filler.destroy());
    await once(filler, 'connect');
  }
  return port;
}

/** Lets a second pass at each turn of the event loop until the promise settles. */
async function whileTimePasses<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let settled = false;
  void promise.finally(() => (settled = true));
  while (!settled) {
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}
