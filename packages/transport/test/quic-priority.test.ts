import { systemClock } from '@qconn/clock';
import { createQuicEndpoint, type Connection, type Endpoint, type TlsIdentity } from '@qconn/transport';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createAuthority } from './pki.ts';
import { RawClient } from './raw-client.ts';
import { Events, readBytes, streamsOf } from './waiting.ts';

/** Of a client's first two streams. */
const [LANE, BODY] = [0, 4];

let hub: TlsIdentity;
let machine: TlsIdentity;
let server: Endpoint | undefined;
let client: RawClient | undefined;

beforeAll(async () => {
  const authority = await createAuthority();
  hub = await authority.issue({ ips: ['127.0.0.1'] });
  machine = await authority.issue();
});

afterEach(async () => {
  client?.close();
  await server?.close();
});

test('on streams that the peer has opened, a lane leaves before a body that was written first', async () => {
  const accepted = new Events<Connection>();
  const handlers = { 'qconn/1': accepted.push };
  server = await createQuicEndpoint({ clock: systemClock }, { host: '127.0.0.1', tls: hub, handlers });
  client = await RawClient.create(server.address, machine);
  const { native } = client;
  await client.until(() => native.isEstablished());
  const next = streamsOf(await accepted.next());
  for (const id of [LANE, BODY]) native.streamSend(id, Uint8Array.of(1), false);
  client.flush();
  const [lane, body] = [await next(), await next()];
  await Promise.all([readBytes(lane, 1), readBytes(body, 1)]);

  body.setPriority(5);
  body.write(new Uint8Array(16 * 1024));
  lane.write(Buffer.from('quick'));
  await client.until(() => native.isReadable());
  expect([...native.readable()]).toEqual([LANE]);
});
