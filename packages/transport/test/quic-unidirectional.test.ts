import { systemClock } from '@qconn/clock';
import { createQuicEndpoint, type Connection, type Endpoint, type QuicOptions, type Stream } from '@qconn/transport';
import { afterEach, expect, test } from 'vitest';
import { createHubAndMachine } from './pki.ts';
import { RawClient } from './raw-client.ts';
import { Events, readAll } from './waiting.ts';

const { hub, machine } = await createHubAndMachine();
const open: { close(): unknown }[] = [];

/** The first unidirectional stream that a client opens (RFC 9000, section 2.1). */
const FIRST_ID = 2;

afterEach(() => Promise.all(open.splice(0).map((each) => each.close())));

async function serve(options: QuicOptions): Promise<{ server: Endpoint; accepted: Events<Connection> }> {
  const accepted = new Events<Connection>();
  const server = await createQuicEndpoint(
    { clock: systemClock },
    { host: '127.0.0.1', tls: hub, handlers: { 'qconn/1': accepted.push }, ...options },
  );
  open.push(server);
  return { server, accepted };
}

async function connect(server: Endpoint): Promise<RawClient> {
  const client = await RawClient.create(server.address, machine);
  open.push(client);
  await client.until(() => client.native.isEstablished());
  client.flush();
  return client;
}

test('a peer may open no unidirectional stream unless told otherwise', async () => {
  const { server } = await serve({});
  const client = await connect(server);
  expect(() => client.native.streamSend(FIRST_ID, Buffer.from('x'), true)).toThrow('StreamLimit');
});

test('a unidirectional stream is read to its end; nothing can be written to it, and it is forgotten', async () => {
  const { server, accepted } = await serve({ maxUniStreams: 1 });
  const client = await connect(server);
  const connection = await accepted.next();
  const arrived = new Promise<Stream>((resolve) => connection.onStream(resolve));
  client.native.streamSend(FIRST_ID, Buffer.from('settings'), true);
  client.flush();

  const stream = await arrived;
  expect(stream.id).toBe(FIRST_ID);
  expect(() => stream.write(Buffer.from('answer'))).toThrow('unidirectional');
  stream.end();
  const { bytes, end } = await readAll(stream);
  expect(String(bytes)).toBe('settings');
  expect(end).toEqual({ kind: 'finished' });
  expect(connection.stats().streams).toBe(0);
});
