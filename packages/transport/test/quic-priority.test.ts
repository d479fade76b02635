import { ManualClock, systemClock } from '@qconn/clock';
import { createQuicEndpoint, type Connection, type Endpoint, type Stream } from '@qconn/transport';
import { afterEach, expect, test } from 'vitest';
import type { StreamSet } from '../src/quic/stream-set.ts';
import { nativePair, settle, streamsOn, type NativePair } from './native-pair.ts';
import { createHubAndMachine } from './pki.ts';
import { RawClient } from './raw-client.ts';
import { Events, readBytes, streamsOf } from './waiting.ts';

/** Of a client's first two streams. */
const [LANE, BODY] = [0, 4];

const KIB = 1024;
const BODY_BYTES = 200 * KIB;

/** Has the streams send, so many milliseconds after the last time. @returns bytes that the client has received so far, of each */
type Pump = (afterMs: number) => number[];

const { hub, machine } = await createHubAndMachine();
let server: Endpoint | undefined;
let client: RawClient | undefined;

afterEach(async () => {
  client?.close();
  await server?.close();
  [client, server] = [undefined, undefined];
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

/** The server's streams on an engine, what its client has received of each, and a way to have all arrive that is sent at a time. */
function served(pair: NativePair, ids: readonly number[]): { streams: StreamSet; opened: Stream[]; pump: Pump } {
  for (const id of ids) pair.client.native.streamSend(id, Uint8Array.of(1), false);
  settle(pair);
  const clock = new ManualClock();
  const streams = streamsOn(pair.server, 'server', { clock });
  const opened: Stream[] = [];
  streams.onStream((stream) => {
    opened.push(stream);
    stream.read({ data: () => undefined, end: () => undefined });
  });
  streams.receive();
  const room = Buffer.alloc(64 * KIB);
  const received = new Map(ids.map((id) => [id, 0]));
  const pump = (afterMs: number): number[] => {
    clock.advance(afterMs);
    streams.pump();
    settle(pair);
    for (const id of pair.client.native.readable()) {
      const [bytes] = pair.client.native.streamRecv(id, room) ?? [0];
      received.set(id, (received.get(id) ?? 0) + bytes);
    }
    return ids.map((id) => received.get(id) ?? 0);
  };
  return { streams, opened: opened.toSorted((a, b) => a.id - b.id), pump };
}

test('bodies take turns at what their pace leaves them, and a lane does not wait for it', () => {
  const { streams, opened, pump } = served(nativePair(hub, machine), [LANE, BODY, 8, 12]);
  const [lane, ...bodies] = opened;
  for (const body of bodies) {
    body.setPriority(5);
    body.write(new Uint8Array(BODY_BYTES));
  }
  // However often in one moment: no more than the first burst, of which less than 32 KiB is left for later.
  let received: number[] = [];
  for (let pumps = 0; pumps < 100; pumps += 1) received = pump(0);
  const burst = received.reduce((sum, bytes) => sum + bytes);
  expect(burst).toBeGreaterThan((64 - 32) * KIB);
  expect(burst).toBeLessThanOrEqual(64 * KIB);
  expect(streams.dueAt).toBeLessThan(Number.POSITIVE_INFINITY);
  lane?.write(Buffer.from('quick'));
  expect(pump(0)[0]).toBe(5);

  while (!received.includes(BODY_BYTES)) received = pump(0.25);
  for (const bytes of received.slice(1)) expect(bytes).toBeGreaterThan(BODY_BYTES / 2);
});
