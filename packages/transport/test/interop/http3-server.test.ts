import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { QuicServerOptions, QuicServerSession, QuicStream } from '@currentspace/http3';
import { systemClock } from '@qconn/clock';
import { createTestPki } from '@qconn/testkit';
import { createQuicEndpoint, type Connection, type ConnectTarget, type SocketAddress } from '@qconn/transport';
import { afterEach, describe, expect, test } from 'vitest';
import { Events, readAll, writeAll } from '../waiting.ts';
import { createPeople, GOING_AWAY, OVER_WINDOW, served, THEIR_WINDOW_BYTES, WITHIN_WINDOW } from './people.ts';
import { whole } from './whole.ts';

const { hub, machine, rootPem } = await createPeople();
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

interface Served {
  readonly address: SocketAddress;
  readonly accepted: Events<QuicServerSession>;
}

async function serve(
  changes: Partial<QuicServerOptions> = {},
  take: (stream: QuicStream) => void = (stream) => void stream.pipe(stream),
): Promise<Served> {
  const { createQuicServer } = await import('@currentspace/http3');
  const accepted = new Events<QuicServerSession>();
  const server = createQuicServer({
    key: hub.keyPem,
    cert: hub.chain,
    ca: rootPem,
    clientAuth: 'require',
    alpn: ['qconn/1'],
    ...changes,
  });
  server.on('session', (session) => {
    session.on('stream', take);
    session.on('error', () => undefined);
    accepted.push(session);
  });
  const { port } = await server.listen(0, '127.0.0.1');
  open.push(server);
  return { address: { host: '127.0.0.1', port }, accepted };
}

async function dial({ address }: Served, changes: Partial<ConnectTarget> = {}): Promise<Connection> {
  const client = await createQuicEndpoint({ clock: systemClock });
  open.push(client);
  return client.connect({ address, serverName: '127.0.0.1', alpns: ['qconn/1'], tls: machine.tls, ...changes });
}

describe.skipIf(!served)('our client at the QUIC server of @currentspace/http3', () => {
  test('shakes hands with a client certificate, and its stream is echoed', async () => {
    const server = await serve();
    const connection = await dial(server);
    expect(connection.alpn).toBe('qconn/1');
    expect(connection.peerCertificates[0]).toEqual(hub.issued.der);

    const stream = connection.openStream();
    const answer = readAll(stream);
    await writeAll(stream, WITHIN_WINDOW);
    stream.end();
    expect(await answer).toEqual({ bytes: WITHIN_WINDOW, end: { kind: 'finished' } });
    const session = await server.accepted.next();
    expect(session.getPeerCertificate()?.fingerprint256).toBe(
      new X509Certificate(machine.certificatePem).fingerprint256,
    );
  });

  test('it gets a body that is larger than its window', async () => {
    const server = await serve({ initialMaxStreamDataBidiLocal: THEIR_WINDOW_BYTES }, (stream) => {
      void whole(stream).then((bytes) => stream.end(sha256(bytes)));
    });
    const stream = (await dial(server)).openStream();
    const answer = readAll(stream);
    await writeAll(stream, OVER_WINDOW);
    stream.end();
    expect((await answer).bytes).toEqual(sha256(OVER_WINDOW));
  });

  test('behind its Retry', async () => {
    const connection = await dial(await serve({ disableRetry: false }));
    const stream = connection.openStream();
    const answer = readAll(stream);
    stream.write(Buffer.from('proven'));
    stream.end();
    expect(String((await answer).bytes)).toBe('proven');
  });

  test('our close reaches it with code and reason', async () => {
    const server = await serve();
    const connection = await dial(server);
    const session = await server.accepted.next();
    const closed = once(session, 'close');
    connection.close(GOING_AWAY, 'moving house');
    expect(await closed).toEqual([{ errorCode: GOING_AWAY, reason: 'moving house' }]);
  });

  test('its close arrives with code and reason', async () => {
    const server = await serve();
    const connection = await dial(server);
    (await server.accepted.next()).close(GOING_AWAY, 'moving house');
    const { by, error } = await connection.closed;
    expect({ by, code: error.code, message: error.message }).toEqual({
      by: 'peer',
      code: 'going_away',
      message: 'moving house',
    });
  });

  test('a server of another CA is not trusted', async () => {
    const stranger = await (await createTestPki()).server();
    const server = await serve({ key: stranger.keyPem, cert: stranger.chain });
    await expect(dial(server)).rejects.toMatchObject({ code: 'hub_untrusted' });
  });

  test('without a common protocol there is no connection', async () => {
    const server = await serve();
    await expect(dial(server, { alpns: ['something/1'] })).rejects.toMatchObject({ code: 'no_alpn' });
  });
});

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
