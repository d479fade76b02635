import { createHash, randomBytes } from 'node:crypto';
import { ERROR_TABLE, QconnError } from '@qconn/protocol';
import type {
  AlpnHandlers,
  Connection,
  ConnectTarget,
  Endpoint,
  FailedHandler,
  IdentityProvider,
  Stream,
} from '@qconn/transport';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { interleaving, play } from './interleaving.ts';
import { Events, echo, readAll, readBytes, settlesSoon, streamsOf, turn, writeAll } from './waiting.ts';

/** What a transport must provide to be put to the suite. */
export interface TransportUnderTest {
  serve<Auth = undefined>(options: {
    handlers: AlpnHandlers<NoInfer<Auth>>;
    identify?: IdentityProvider<Auth>;
    onHandlerError?: (failed: FailedHandler) => void;
  }): Promise<Endpoint>;
  client(): Promise<Endpoint>;
  target(server: Endpoint): ConnectTarget;
}

const MIB = 1024 * 1024;
const { going_away, stream_reset, cancelled } = ERROR_TABLE;

/** The contract of the transport interfaces, as tests. Every implementation passes all of it. */
export function describeTransport(name: string, transport: TransportUnderTest): void {
  const endpoints: Endpoint[] = [];
  afterEach(async () => {
    await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
  });

  const serve: TransportUnderTest['serve'] = async (options) => {
    const server = await transport.serve(options);
    endpoints.push(server);
    return server;
  };

  async function dial(server: Endpoint, alpns?: readonly string[]): Promise<Connection> {
    const client = await transport.client();
    endpoints.push(client);
    const target = transport.target(server);
    return client.connect(alpns === undefined ? target : { ...target, alpns });
  }

  /** An attempt that is given up after 100 ms. */
  async function dialImpatiently(server: Endpoint): Promise<Connection> {
    const client = await transport.client();
    endpoints.push(client);
    return client.connect({ ...transport.target(server), signal: AbortSignal.timeout(100) });
  }

  /** Both ends of a fresh connection. */
  async function pair(): Promise<{ server: Endpoint; ours: Connection; theirs: Connection }> {
    const accepted = new Events<Connection>();
    const server = await serve({ handlers: { 'qconn/1': accepted.push } });
    const ours = await dial(server);
    return { server, ours, theirs: await accepted.next() };
  }

  /** Both ends of a fresh stream that the client opened and on which it has sent one byte. */
  async function streamPair(): Promise<{ ours: Connection; theirs: Connection; near: Stream; far: Stream }> {
    const { ours, theirs } = await pair();
    const next = streamsOf(theirs);
    const near = ours.openStream();
    near.write(Uint8Array.of(1));
    const far = await next();
    return { ours, theirs, near, far };
  }

  describe(`${name}: connections`, () => {
    test('both ends know their role, protocol, addresses and the peer’s certificates', async () => {
      const { server, ours, theirs } = await pair();
      expect([ours.role, theirs.role]).toEqual(['client', 'server']);
      expect([ours.alpn, theirs.alpn]).toEqual(['qconn/1', 'qconn/1']);
      expect(ours.remote).toEqual(server.address);
      expect(theirs.local.port).toBe(server.address.port);
      expect(theirs.remote.port).toBe(ours.local.port);
      expect(ours.peerCertificates).toHaveLength(1);
      expect(theirs.peerCertificates).toHaveLength(1);
      expect(server.connections).toBe(1);
    });

    test('each protocol goes to its own handler', async () => {
      const taken = new Events<string>();
      const server = await serve({
        handlers: { 'qconn/1': (c) => taken.push(`1: ${c.alpn}`), other: (c) => taken.push(`o: ${c.alpn}`) },
      });
      await dial(server, ['other']);
      await dial(server, ['qconn/1']);
      expect([await taken.next(), await taken.next()]).toEqual(['o: other', '1: qconn/1']);
    });

    test('no common protocol is refused as such', async () => {
      const server = await serve({ handlers: { 'qconn/1': () => undefined } });
      await expect(dial(server, ['qconn/9'])).rejects.toMatchObject({ code: 'no_alpn' });
    });

    test('a close reaches the peer with its code and reason', async () => {
      const { server, ours, theirs } = await pair();
      theirs.close(going_away.wire, 'moving to another hub');
      expect(await theirs.closed).toMatchObject({ by: 'local', error: { code: 'going_away' } });
      expect(await ours.closed).toMatchObject({
        by: 'peer',
        error: { code: 'going_away', message: 'moving to another hub' },
      });
      expect(server.connections).toBe(0);
    });

    test('an unknown close code is reported as closed, with its number', async () => {
      const { ours, theirs } = await pair();
      ours.close(0x3ff, '');
      expect(await theirs.closed).toMatchObject({ by: 'peer', error: { code: 'closed', facts: { code: 0x3ff } } });
    });

    test('a reason over its limit is cut, not refused', async () => {
      const { ours, theirs } = await pair();
      ours.close(going_away.wire, 'ü'.repeat(2_000));
      const { error } = await theirs.closed;
      expect(error.message).toMatch(/^ü+$/);
    });

    test('the first close counts', async () => {
      const { ours } = await pair();
      ours.close(going_away.wire, 'first');
      ours.close(cancelled.wire, 'second');
      expect(await ours.closed).toMatchObject({ error: { code: 'going_away', message: 'first' } });
    });

    test('a closed connection opens no stream', async () => {
      const { ours } = await pair();
      ours.close(going_away.wire, '');
      expect(() => ours.openStream()).toThrow(expect.objectContaining({ code: 'closed' }));
    });

    test.each([
      [
        'throws',
        () => {
          throw new Error('planted');
        },
      ],
      ['rejects', () => Promise.reject(new Error('planted'))],
    ])('a handler that %s costs its own connection only', async (_how, fail) => {
      const failed = new Events<FailedHandler>();
      const server = await serve({ handlers: { good: echo, bad: fail }, onHandlerError: failed.push });
      const good = await dial(server, ['good']);
      const bad = await dial(server, ['bad']);
      expect(await bad.closed).toMatchObject({ by: 'peer', error: { code: 'handler_error' } });
      expect(await failed.next()).toMatchObject({
        kind: 'internal',
        alpn: 'bad',
        error: { code: 'handler_error', cause: { message: 'planted' } },
      });
      const stream = good.openStream();
      stream.write(Buffer.from('still here'));
      expect(String(await readBytes(stream, 10))).toBe('still here');
    });

    test('a reader that throws costs its own connection only', async () => {
      const { ours, theirs } = await pair();
      theirs.onStream((stream) =>
        stream.read({
          data: () => {
            throw new Error('planted');
          },
          end: () => undefined,
        }),
      );
      ours.openStream().write(Uint8Array.of(1));
      expect(await ours.closed).toMatchObject({ by: 'peer', error: { code: 'handler_error' } });
    });

    test('statistics count streams', async () => {
      const { ours } = await streamPair();
      expect(ours.stats().streams).toBeGreaterThan(0);
    });
  });

  describe(`${name}: who the peer is`, () => {
    test('the identity provider is asked once, and the handler gets its answer frozen', async () => {
      const asked: Connection[] = [];
      const taken = new Events<{ connection: Connection; auth: { name: string } }>();
      const server = await serve({
        identify: async (connection) => {
          asked.push(connection);
          return { name: `machine of ${connection.alpn}` };
        },
        handlers: { 'qconn/1': (connection, auth) => taken.push({ connection, auth }) },
      });
      await dial(server);
      const { connection, auth } = await taken.next();
      expect(asked).toEqual([connection]);
      expect(auth).toEqual({ name: 'machine of qconn/1' });
      expect(Object.isFrozen(auth)).toBe(true);
    });

    test.each<[string, () => Promise<never>, string]>([
      ['is turned away', () => Promise.reject(new QconnError('revoked', 'kiosk-3 has been revoked.')), 'revoked'],
      ['cannot be looked up', () => Promise.reject(new Error('no database')), 'identity_unavailable'],
    ])('a peer that %s hears so and reaches no handler', async (_how, identify, code) => {
      const failed = new Events<FailedHandler>();
      let reached = false;
      const server = await serve({
        identify,
        handlers: { 'qconn/1': () => void (reached = true) },
        onHandlerError: failed.push,
      });
      const { error } = await (await dial(server)).closed;
      expect(error.code).toBe(code);
      expect(await failed.next()).toMatchObject({ kind: 'authentication', alpn: 'qconn/1', error: { code } });
      expect(reached).toBe(false);
    });

    test.each<[FailedHandler['kind'], QconnError | Error, string]>([
      ['authentication', new QconnError('certificate_required'), 'certificate_required'],
      ['closed', new QconnError('closed'), 'handler_error'],
      ['stream', new QconnError('stream_limit'), 'handler_error'],
      ['internal', new QconnError('database_unavailable'), 'handler_error'],
    ])('a handler that fails by %s is reported as such', async (kind, fault, told) => {
      const failed = new Events<FailedHandler>();
      const server = await serve({ handlers: { 'qconn/1': () => Promise.reject(fault) }, onHandlerError: failed.push });
      expect((await (await dial(server)).closed).error.code).toBe(told);
      expect(await failed.next()).toMatchObject({ kind, error: { code: told } });
    });
  });

  describe(`${name}: endpoints`, () => {
    test('a drain takes nobody new, has the handlers send their peers away, and waits until they have finished', async () => {
      const accepted = new Events<Connection>();
      const finished = Promise.withResolvers<void>();
      const drain = (): Promise<void> => finished.promise;
      const server = await serve({ handlers: { 'qconn/1': { accept: accepted.push, drain }, other: echo } });
      const [ours, others] = [await dial(server), await dial(server, ['other'])];
      await expect.poll(() => server.connections).toBe(2);
      const drained = server.drain(60_000);
      await expect(dialImpatiently(server)).rejects.toThrow();
      expect(await settlesSoon(drained)).toBe(false);
      finished.resolve();
      expect(await settlesSoon(drained)).toBe(false);
      others.close(going_away.wire, '');
      await drained;
      expect(server.connections).toBe(1);
      (await accepted.next()).close(going_away.wire, 'done');
      expect((await ours.closed).error.message).toBe('done');
    });

    test('a drain ends at its deadline, and tells the handlers that it has passed', async () => {
      let deadline: AbortSignal | undefined;
      const drain = (signal: AbortSignal): Promise<void> => {
        deadline = signal;
        return new Promise(() => undefined);
      };
      const accepted = new Events<Connection>();
      const server = await serve({ handlers: { 'qconn/1': { accept: accepted.push, drain } } });
      await dial(server);
      await accepted.next();
      await server.drain(50);
      expect(deadline?.aborted).toBe(true);
      expect(server.connections).toBe(1);
    });

    test('an endpoint that only connects has nothing to drain', async () => {
      const client = await transport.client();
      endpoints.push(client);
      await client.drain();
    });

    test('closing an endpoint closes its connections with the code given, and refuses new ones', async () => {
      const { server, ours, theirs } = await pair();
      await server.close(going_away.wire, 'restarting');
      expect(await ours.closed).toMatchObject({ by: 'peer', error: { code: 'going_away', message: 'restarting' } });
      expect(await theirs.closed).toMatchObject({ by: 'local' });
      await expect(dial(server)).rejects.toMatchObject({ code: 'unreachable' });
    });

    test('a closed endpoint does not connect', async () => {
      const server = await serve({ handlers: { 'qconn/1': echo } });
      const client = await transport.client();
      await client.close();
      await client.close();
      await expect(client.connect(transport.target(server))).rejects.toMatchObject({ code: 'closed' });
    });

    test('an aborted signal ends the attempt', async () => {
      const server = await serve({ handlers: { 'qconn/1': echo } });
      const client = await transport.client();
      endpoints.push(client);
      const aborted = { ...transport.target(server), signal: AbortSignal.abort() };
      await expect(client.connect(aborted)).rejects.toThrow(/abort/i);
    });
  });

  describe(`${name}: streams`, () => {
    test('what is written before the peer looks is there when it does', async () => {
      const { ours, theirs } = await pair();
      const near = ours.openStream();
      near.write(Buffer.from('early '));
      near.write(Buffer.from('bird'));
      near.end();
      await turn();
      await turn();
      const far = await streamsOf(theirs)();
      expect(await readAll(far)).toEqual({ bytes: Buffer.from('early bird'), end: { kind: 'finished' } });
    });

    test('either side may open streams, with ids of its own', async () => {
      const { ours, theirs } = await pair();
      const [fromClient, fromServer] = [streamsOf(theirs), streamsOf(ours)];
      const streams = [ours.openStream(), ours.openStream(), theirs.openStream(), theirs.openStream()];
      for (const stream of streams) stream.write(Uint8Array.of(stream.id));
      const arrived = [await fromClient(), await fromClient(), await fromServer(), await fromServer()];
      expect(new Set(streams.map(({ id }) => id)).size).toBe(4);
      for (const stream of arrived) expect((await readBytes(stream, 1))[0]).toBe(stream.id);
    });

    test('an echo returns what was sent', async () => {
      const server = await serve({ handlers: { 'qconn/1': echo } });
      const stream = (await dial(server)).openStream();
      const sent = randomBytes(100_000);
      stream.write(sent);
      stream.end();
      const { bytes, end } = await readAll(stream);
      expect(bytes.equals(sent)).toBe(true);
      expect(end).toEqual({ kind: 'finished' });
    });

    test('the writer may reuse its buffer as soon as write has returned', async () => {
      const { near, far } = await streamPair();
      const buffer = new Uint8Array(20_000);
      for (const value of [2, 3, 4]) near.write(buffer.fill(value));
      buffer.fill(9);
      const bytes = await readBytes(far, 60_001);
      expect([bytes[0], bytes[1], bytes[20_001], bytes[40_001], bytes[60_000]]).toEqual([1, 2, 3, 4, 4]);
    });

    test('a reader that only borrows what it is given sees the same bytes', async () => {
      const { near, far } = await streamPair();
      const sent = randomBytes(MIB);
      const seen = createHash('sha256');
      const ended = new Promise<void>((resolve) => {
        far.read({ borrows: true, data: (chunk) => seen.update(chunk), end: () => resolve() });
      });
      await writeAll(near, sent);
      near.end();
      await ended;
      expect(seen.digest('hex')).toBe(createHash('sha256').update(Uint8Array.of(1)).update(sent).digest('hex'));
    });

    test('half-close: one direction ends while the other goes on', async () => {
      const { near, far } = await streamPair();
      near.end();
      expect((await readAll(far)).end).toEqual({ kind: 'finished' });
      far.write(Buffer.from('still talking'));
      far.end();
      expect(await readAll(near)).toEqual({ bytes: Buffer.from('still talking'), end: { kind: 'finished' } });
    });

    test('nothing can be written after the end', async () => {
      const { near } = await streamPair();
      near.end();
      expect(() => near.write(Uint8Array.of(1))).toThrow(expect.objectContaining({ code: 'closed' }));
    });

    test('a reset reaches the reader with its code', async () => {
      const { near, far } = await streamPair();
      near.reset(cancelled.wire);
      expect((await readAll(far)).end).toEqual({ kind: 'reset', code: cancelled.wire });
      expect(() => near.write(Uint8Array.of(1))).toThrow(expect.objectContaining({ code: 'stream_reset' }));
      far.write(Uint8Array.of(7));
      expect((await readBytes(near, 1))[0]).toBe(7);
    });

    test('a writer is told that its reader has stopped', async () => {
      const { near, far } = await streamPair();
      far.stopSending(cancelled.wire);
      const writing = (async () => {
        for (;;) {
          near.write(new Uint8Array(1_000));
          await turn();
        }
      })();
      await expect(writing).rejects.toMatchObject({ code: 'stream_reset', facts: { code: cancelled.wire } });
    });

    test('a waiting writer is released with an error when its reader stops', async () => {
      const { near, far } = await streamPair();
      while (near.write(new Uint8Array(64 * 1024))) await turn();
      const waiting = near.writable();
      far.stopSending(cancelled.wire);
      await expect(waiting).rejects.toMatchObject({ code: 'stream_reset' });
    });

    test('the end of the connection ends readers and writers', async () => {
      const { ours, near, far } = await streamPair();
      far.pause();
      const reading = [readAll(near), readAll(far)];
      while (near.write(new Uint8Array(64 * 1024))) await turn();
      const waiting = near.writable().catch((error: unknown) => error);
      ours.close(going_away.wire, '');
      expect((await Promise.all(reading)).map(({ end }) => end)).toEqual([{ kind: 'closed' }, { kind: 'closed' }]);
      await waiting;
      expect(() => near.write(Uint8Array.of(1))).toThrow(expect.objectContaining({ code: 'closed' }));
    });

    test('back-pressure: a reader that stops makes its writer wait, holding little memory, and loses nothing', async () => {
      const { near, far } = await streamPair();
      const digest = createHash('sha256');
      let taken = 0;
      const ended = new Promise<void>((resolve) => {
        far.read({
          data: (chunk) => {
            digest.update(chunk);
            taken += chunk.length;
          },
          end: () => resolve(),
        });
      });
      await expect.poll(() => taken).toBe(1);
      far.pause();
      await turn();
      const chunk = randomBytes(64 * 1024);
      const expected = createHash('sha256').update(Uint8Array.of(1));
      let written = 0;
      let waiting: Promise<void>;
      do {
        waiting = Promise.resolve();
        expected.update(chunk);
        written += chunk.length;
        if (near.write(chunk)) await turn();
        else waiting = near.writable();
      } while (await settlesSoon(waiting));
      expect(near.bufferedBytes).toBeGreaterThan(0);
      expect(written).toBeLessThan(12 * MIB);
      expect(taken).toBe(1);
      far.resume();
      await waiting;
      near.end();
      await ended;
      expect(taken).toBe(written + 1);
      expect(digest.digest('hex')).toBe(expected.digest('hex'));
    });

    test('a stopped reader does not hold up another stream', async () => {
      const { ours, theirs, near } = await streamPair();
      const next = streamsOf(theirs);
      for (let turns = 0; turns < 100 && near.write(new Uint8Array(64 * 1024)); turns += 1) await turn();
      const other = ours.openStream();
      other.write(Buffer.from('through'));
      expect(String(await readBytes(await next(), 7))).toBe('through');
    });

    test('1,000 streams of various sizes, interleaved, all arrive whole', async () => {
      const server = await serve({ handlers: { 'qconn/1': echo } });
      const connection = await dial(server);
      const bodies = Array.from({ length: 1_000 }, (_, index) => randomBytes((index * 37) % 3_000));
      const answers = bodies.map((body) => {
        const stream = connection.openStream();
        stream.write(body.subarray(0, 100));
        stream.write(body.subarray(100));
        stream.end();
        return readAll(stream);
      });
      const received = await Promise.all(answers);
      expect(received.every(({ bytes }, index) => bytes.equals(bodies[index] as Buffer))).toBe(true);
      expect(connection.stats().streams).toBe(0);
    });

    test('any chunking and interleaving of writes on lanes and streams arrives whole and in order', async () => {
      const seed = process.env['QCONN_SEED'];
      await fc.assert(
        fc.asyncProperty(interleaving, async (steps) => {
          const { server, ours, theirs } = await pair();
          const { written, came } = await play(steps, ours, theirs);
          expect(came).toEqual(written);
          await server.close();
        }),
        { numRuns: 25, ...(seed === undefined ? {} : { seed: Number(seed) }) },
      );
    });

    test('too many streams at once are refused, and there is room again when some have ended', async () => {
      const server = await serve({ handlers: { 'qconn/1': echo } });
      const connection = await dial(server);
      const opened: Stream[] = [];
      const fill = (): void => {
        for (;;) opened.push(connection.openStream());
      };
      expect(fill).toThrow(expect.objectContaining({ code: 'stream_limit' }));
      const echoed = opened.map((stream) => {
        stream.end();
        return readAll(stream);
      });
      await Promise.all(echoed);
      // That the peer allows more may come after the last end.
      await expect.poll(() => connection.openStream().id).toBeGreaterThan(0);
    });

    test('a large body arrives whole, in both directions at once', async () => {
      const server = await serve({ handlers: { 'qconn/1': echo } });
      const stream = (await dial(server)).openStream();
      const body = randomBytes(16 * MIB);
      const back = readAll(stream);
      await writeAll(stream, body);
      stream.end();
      const { bytes } = await back;
      expect(bytes.length).toBe(body.length);
      expect(bytes.equals(body)).toBe(true);
    });

    test('a large body does not hold up a small message', async () => {
      const server = await serve({ handlers: { 'qconn/1': echo } });
      const connection = await dial(server);
      const bulk = connection.openStream();
      bulk.setPriority(7);
      const pumping = writeAll(bulk, new Uint8Array(16 * MIB));
      const drained = readBytes(bulk, 16 * MIB);
      const small = connection.openStream();
      small.write(Buffer.from('quick'));
      const first = await Promise.race([readBytes(small, 5).then(() => 'small'), drained.then(() => 'bulk')]);
      expect(first).toBe('small');
      await pumping;
      await drained;
    });

    test('a reset code may be any of the error table', async () => {
      const { near, far } = await streamPair();
      near.reset(stream_reset.wire);
      expect((await readAll(far)).end).toEqual({ kind: 'reset', code: stream_reset.wire });
    });
  });
}
