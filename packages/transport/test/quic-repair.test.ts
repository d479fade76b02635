import { ManualClock, systemClock } from '@qconn/clock';
import { ERROR_TABLE } from '@qconn/protocol';
import { createFaultyNetwork } from '@qconn/testkit';
import { createQuicEndpoint, type Connection } from '@qconn/transport';
import { expect, onTestFinished, test } from 'vitest';
import { datagramsOf, deliver, nativePair, settle, streamsOn } from './native-pair.ts';
import { createHubAndMachine } from './pki.ts';
import { Events, turn } from './waiting.ts';

/** Packets after a lost one that show that it is lost (RFC 9002, section 6.1.1), and some to spare. */
const LATER = 6;

const { hub, machine } = await createHubAndMachine();

test('streams tell datagrams with something for a reader from those that only acknowledge or came too early', () => {
  const { client, server } = nativePair(hub, machine);
  const [ours, theirs] = [streamsOn(client, 'client'), streamsOn(server, 'server')];
  const read: number[] = [];
  theirs.onStream((stream) => stream.read({ data: (chunk) => read.push(...chunk), end: () => undefined }));
  const stream = ours.open();
  const sent = [1, 2, 3].map((byte) => {
    stream.write(Uint8Array.of(byte));
    ours.pump();
    return datagramsOf(client);
  });
  const arrive = (datagrams: readonly Buffer[]): boolean => {
    deliver(datagrams, client, server);
    theirs.arrived();
    return theirs.receive();
  };
  expect([arrive(sent[0] ?? []), arrive(sent[2] ?? []), read]).toEqual([true, false, [1]]);
  expect([arrive(sent[1] ?? []), read]).toEqual([true, [1, 2, 3]]);
  expect(theirs.receive()).toBe(true);
  settle({ client, server });
  ours.arrived();
  expect(ours.receive()).toBe(false);
});

test('what was lost is sent again with the acknowledgement that shows it, not with an alarm', async () => {
  const bytes = new Events<number>();
  const server = await createQuicEndpoint(
    { clock: systemClock },
    {
      host: '127.0.0.1',
      tls: hub,
      handlers: {
        test: (connection) =>
          connection.onStream((stream) =>
            stream.read({ data: (chunk) => chunk.forEach(bytes.push), end: () => undefined }),
          ),
      },
    },
  );
  onTestFinished(() => server.close());
  const network = await createFaultyNetwork(systemClock, { target: server.address, seed: 1 });
  onTestFinished(() => network.close());
  // No alarm of the sender ever rings.
  const client = await createQuicEndpoint({ clock: new ManualClock() }, {});
  onTestFinished(() => client.close());
  const target = { address: network.address, serverName: '127.0.0.1', alpns: ['test'], tls: machine };
  const connection = await client.connect(target);
  const stream = connection.openStream();
  stream.write(Uint8Array.of(0));
  await bytes.next();
  const kept = (): number => network.counts.entered - network.counts.left;
  // What only acknowledges may be lost in its place, and is no loss to the engine.
  for (let first = 1; connection.stats().packetsLost === 0; first += 1 + LATER) {
    const before = kept();
    network.setFaults({ loss: 1 }, 'toServer');
    stream.write(Uint8Array.of(first));
    // It leaves at the end of this turn and is lost in the next.
    for (let turns = 0; turns < 3 || kept() === before; turns += 1) await turn();
    network.setFaults({}, 'toServer');
    for (let later = 1; later <= LATER; later += 1) {
      stream.write(Uint8Array.of(first + later));
      await turn();
    }
    for (let next = first; next <= first + LATER; next += 1) expect(await bytes.next()).toBe(next);
  }
});

test('a client that closes before the server knows of its handshake tells it so in the end, whatever the server repeats meanwhile', async () => {
  const accepted = new Events<Connection>();
  const server = await createQuicEndpoint(
    { clock: systemClock },
    { host: '127.0.0.1', tls: hub, idleTimeoutMs: 5_000, handlers: { test: accepted.push } },
  );
  onTestFinished(() => server.close());
  const network = await createFaultyNetwork(systemClock, { target: server.address, seed: 1 });
  onTestFinished(() => network.close());
  const client = await createQuicEndpoint({ clock: systemClock });
  onTestFinished(() => client.close());
  const target = { address: network.address, serverName: '127.0.0.1', alpns: ['test'], tls: machine };
  const connection = await client.connect(target);
  // What the client has sent to finish its handshake is lost, so the server repeats its flight after a while.
  network.setFaults({ loss: 1 }, 'toServer');
  connection.close(ERROR_TABLE.going_away.wire, '');
  const { left } = network.counts;
  while (network.counts.left === left) await turn();
  for (let turns = 0; turns < 3; turns += 1) await turn();
  network.setFaults({}, 'toServer');
  expect(await (await accepted.next()).closed).toMatchObject({ by: 'peer', error: { code: 'going_away' } });
});
