import { once } from 'node:events';
import type { QuicClientSession, QuicConnectOptions } from '@currentspace/http3';
import { systemClock } from '@qconn/clock';
import { createTestPki } from '@qconn/testkit';
import { createQuicEndpoint, type Connection, type Endpoint, type RefusedHandshake } from '@qconn/transport';
import { afterEach, describe, expect, test } from 'vitest';
import { echo, Events, writeAll } from '../waiting.ts';
import { createPeople, GOING_AWAY, OVER_WINDOW, served, THEIR_WINDOW_BYTES, WITHIN_WINDOW } from './people.ts';
import { whole } from './whole.ts';

const { hub, machine, rootPem } = await createPeople();
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

interface Served {
  readonly server: Endpoint;
  readonly accepted: Events<Connection>;
  readonly refused: Events<RefusedHandshake>;
}

async function serve(): Promise<Served> {
  const accepted = new Events<Connection>();
  const refused = new Events<RefusedHandshake>();
  const handler = (connection: Connection): void => {
    echo(connection);
    accepted.push(connection);
  };
  const server = await createQuicEndpoint(
    { clock: systemClock, onRefused: refused.push },
    { host: '127.0.0.1', tls: hub.tls, handlers: { 'qconn/1': handler } },
  );
  open.push(server);
  return { server, accepted, refused };
}

async function dial({ address }: Endpoint, changes: QuicConnectOptions = {}): Promise<QuicClientSession> {
  const { connectQuic } = await import('@currentspace/http3');
  const session = connectQuic(`127.0.0.1:${address.port}`, {
    ca: rootPem,
    cert: machine.chain,
    key: machine.keyPem,
    servername: 'localhost', // it would compare an address with the names of a certificate only
    alpn: ['qconn/1'],
    ...changes,
  });
  open.push(session);
  session.on('error', () => undefined); // ready() and the test's own promises tell
  return session;
}

describe.skipIf(!served)('the QUIC client of @currentspace/http3 at our endpoint', () => {
  test('shakes hands with a client certificate, and its stream is echoed', async () => {
    const { server, accepted } = await serve();
    const session = await dial(server);
    await session.ready();
    const connection = await accepted.next();
    expect(connection.alpn).toBe('qconn/1');
    expect(connection.peerCertificates[0]).toEqual(machine.issued.der);
    expect(connection.peerCertificates).toHaveLength(machine.chainPem.length);

    const stream = session.openStream();
    stream.end(WITHIN_WINDOW);
    expect(await whole(stream)).toEqual(WITHIN_WINDOW);
  });

  test('it gets a body that is larger than its window', async () => {
    const { server, accepted } = await serve();
    const session = await dial(server, { initialMaxStreamDataBidiLocal: THEIR_WINDOW_BYTES });
    await session.ready();
    const connection = await accepted.next();
    connection.onStream((stream) => {
      stream.read({ data: () => undefined, end: () => undefined });
      void writeAll(stream, OVER_WINDOW).then(() => stream.end());
    });
    const stream = session.openStream();
    stream.end('send it');
    expect(await whole(stream)).toEqual(OVER_WINDOW);
  });

  test('its close arrives with code and reason', async () => {
    const { server, accepted } = await serve();
    const session = await dial(server);
    await session.ready();
    const connection = await accepted.next();
    await session.close(GOING_AWAY, 'moving house');
    const { by, error } = await connection.closed;
    expect({ by, code: error.code, message: error.message }).toEqual({
      by: 'peer',
      code: 'going_away',
      message: 'moving house',
    });
  });

  test('our close reaches it with code and reason', async () => {
    const { server, accepted } = await serve();
    const session = await dial(server);
    const closed = once(session, 'close');
    await session.ready();
    const connection = await accepted.next();
    connection.close(GOING_AWAY, 'moving house');
    expect(await closed).toEqual([{ errorCode: GOING_AWAY, reason: 'moving house' }]);
    expect((await connection.closed).by).toBe('local');
  });

  test('its reset of a stream arrives with its code', async () => {
    const { server, accepted } = await serve();
    const session = await dial(server);
    await session.ready();
    const connection = await accepted.next();
    const ended = Promise.withResolvers<unknown>();
    connection.onStream((stream) => stream.read({ data: () => session.emit('arrived'), end: ended.resolve }));
    const arrived = once(session, 'arrived');
    const stream = session.openStream();
    stream.write('the beginning');
    await arrived;
    stream.close(0x77);
    expect(await ended.promise).toEqual({ kind: 'reset', code: 0x77 });
  });

  test.each([
    ['without a certificate', 'certificate_required', (): QuicConnectOptions => ({ cert: '', key: '' })],
    ['with no protocol of ours', 'no_alpn', (): QuicConnectOptions => ({ alpn: ['something/1'] })],
  ])('%s it is refused', async (_how, code, changes) => {
    const { server, accepted, refused } = await serve();
    const session = await dial(server, changes());
    session.ready().catch(() => undefined);
    expect((await refused.next()).error.code).toBe(code);
    expect(accepted.unread).toBe(0);
  });

  test('of another CA it is refused', async () => {
    const { server, refused } = await serve();
    const stranger = await (await createTestPki()).machine();
    const session = await dial(server, { cert: stranger.chain, key: stranger.keyPem });
    session.ready().catch(() => undefined);
    expect((await refused.next()).error.code).toBe('certificate_untrusted');
  });
});
