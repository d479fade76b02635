import { ManualClock, systemClock } from '@qconn/clock';
import { expect, onTestFinished, test } from 'vitest';
import { createQuicEndpoint } from '@qconn/transport';
import type { QuicStream } from '../src/quic/quic-stream.ts';
import { datagramsOf, nativePair, settle, streamsOn } from './native-pair.ts';
import { createAuthority, createHubAndMachine } from './pki.ts';

const BODY_BYTES = 150_000;

test('what waits for room goes on with the acknowledgement that makes it, not with an alarm', async () => {
  const authority = await createAuthority();
  const server = await authority.issue({ ips: ['127.0.0.1'] });
  let whole = (): void => undefined;
  const received = new Promise<void>((resolve) => (whole = resolve));
  const hub = await createQuicEndpoint(
    { clock: systemClock },
    {
      host: '127.0.0.1',
      tls: server,
      handlers: {
        test: (connection) =>
          connection.onStream((stream) => {
            let bytes = 0;
            stream.read({ data: (chunk) => (bytes += chunk.length) === BODY_BYTES && whole(), end: () => undefined });
          }),
      },
    },
  );
  onTestFinished(() => hub.close());
  // No alarm of the sender ever rings. Its first window is ten packets (RFC 9002, section 7.2): a tenth of the body.
  const machine = await createQuicEndpoint({ clock: new ManualClock() }, { maxDatagramBytes: 1_350 });
  onTestFinished(() => machine.close());
  const connection = await machine.connect({
    address: hub.address,
    serverName: '127.0.0.1',
    alpns: ['test'],
    tls: await authority.issue(),
  });
  connection.openStream().write(new Uint8Array(BODY_BYTES));
  await received;
});

test('a body waits for room in its window, or for its pace, which no acknowledgement ends; a lane only for room', async () => {
  const { hub, machine } = await createHubAndMachine();
  const { client } = nativePair(hub, machine);
  const streams = streamsOn(client, 'client');
  const body = streams.open() as QuicStream;
  body.setPriority(5);
  expect(streams.waiting).toBe(false);
  body.write(new Uint8Array(BODY_BYTES));
  streams.pump();
  expect(streams.waiting).toBe(true);
  streams.engineTook(body, 2 * BODY_BYTES);
  expect(streams.waiting).toBe(false);
  streams.open().write(new Uint8Array(BODY_BYTES));
  expect(streams.waiting).toBe(true);
});

test('what waits for readers at the other end is silent: said with each acknowledgement, it would be acknowledged without end', async () => {
  const { hub, machine } = await createHubAndMachine();
  const pair = nativePair(hub, machine);
  const streams = streamsOn(pair.client, 'client');
  for (let bodies = 0; bodies < 20; bodies += 1) streams.open().write(new Uint8Array(BODY_BYTES));
  do settle(pair);
  while (streams.pump());
  settle(pair);
  streams.pump();
  expect(datagramsOf(pair.client)).toEqual([]);
  expect(streams.waiting).toBe(true);
});
