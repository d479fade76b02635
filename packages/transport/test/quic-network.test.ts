import { type Faults } from '@qconn/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { connectThrough as connect, FAULT_TABLE, moveBody, moveMessages, type Connected } from './fault-table.ts';
import type { QuicConnection } from '../src/quic/quic-connection.ts';
import { createHubAndMachine } from './pki.ts';
import { turn } from './waiting.ts';

/** A tenth of what `npx -y pnpm@12 bench fault-table` moves. */
const BODY_BYTES = 1_000_000;
const MESSAGES = 100;
const SEED = Number(process.env['QCONN_SEED'] ?? 20_260_101);

const { hub, machine } = await createHubAndMachine();
const open: Connected[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function connectThrough(faults: Faults = {}): Promise<Connected> {
  const connected = await connect({ hub, machine, faults, seed: SEED });
  open.push(connected);
  return connected;
}

describe('the fault table', () => {
  test.concurrent.each(FAULT_TABLE)('$name: every byte arrives', async ({ faults = {}, meanwhile }) => {
    const { network, ours, close } = await connect({ hub, machine, seed: SEED });
    network.setFaults(faults);
    const end = meanwhile?.(network);
    await Promise.all([moveBody(ours, BODY_BYTES), moveMessages(ours, MESSAGES)]);
    end?.();
    await close();
  });

  test.concurrent('handshakes get through a loss of 30 % within 10 s, every time', async () => {
    const tries = Array.from({ length: 10 }, async (_, index) => {
      const through = { hub, machine, faults: { loss: 0.3 }, seed: SEED + index, handshakeDeadlineMs: 10_000 };
      const { ours, close } = await connect(through);
      await close();
      return ours.alpn;
    });
    expect(await Promise.all(tries)).toEqual(Array.from({ length: 10 }, () => 'qconn/1'));
  });
});

test('statistics tell how a connection fares: round trip, losses, window, bytes', async () => {
  const { ours, theirs } = await connectThrough({ delayMs: 20, loss: 0.1 });
  await moveBody(ours, 300_000);
  for (const stats of [ours.stats(), theirs.stats()]) {
    // Two ways of 20 ms, of which the engine may take off what it thinks that an acknowledgement was held back.
    expect(stats.rttMs).toBeGreaterThanOrEqual(35);
    expect(stats.congestionWindow).toBeGreaterThan(1_200);
    expect(Math.min(stats.bytesSent, stats.bytesReceived)).toBeGreaterThan(300_000);
    expect(stats.packetsSent).toBeGreaterThan(stats.packetsLost);
    expect(stats.packetsReceived).toBeGreaterThan(0);
  }
  expect(ours.stats().packetsLost + theirs.stats().packetsLost).toBeGreaterThan(0);
});

describe('migration', () => {
  test('a NAT gives the client another port: same connection, and the server knows where it is', async () => {
    const { network, ours, theirs } = await connectThrough();
    const before = theirs.remote.port;
    const body = moveBody(ours, 3_000_000);
    await network.rebind();
    await body;
    while (theirs.remote.port === before) await turn();
    await moveBody(ours, 100_000);
    expect(theirs.remote.port).not.toBe(before);
  });

  test('a NAT that rebinds again and again, more often than the engine has paths', async () => {
    const { network, ours, theirs } = await connectThrough({ delayMs: 2 });
    for (let count = 0; count < 10; count += 1) {
      const before = theirs.remote.port;
      await network.rebind();
      await moveBody(ours, 50_000);
      while (theirs.remote.port === before) await turn();
    }
  });

  // 127.0.0.2 and the like are there without being set up on Linux alone.
  test.runIf(process.platform === 'linux')(
    'a client comes from another host with much under way both ways: the engine finds what was lost',
    async () => {
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          const { network, ours, theirs } = await connectThrough();
          const body = moveBody(ours, 3_000_000);
          while (ours.stats().bytesReceived < 500_000) await turn();
          await network.rebind('127.0.0.2');
          await body;
          expect(theirs.remote.host).toBe('127.0.0.2');
          await moveBody(ours, 100_000);
          expect((theirs as QuicConnection).sender.size.current).toBeGreaterThan(1_200);
        }),
      );
    },
  );

  test.runIf(process.platform === 'linux')(
    'a client that has come from as many hosts as the engine allows is told to connect anew while it still hears',
    async () => {
      const { network, ours } = await connectThrough();
      for (let count = 2; count < 9; count += 1) {
        await network.rebind(`127.0.0.${count}`);
        await moveBody(ours, 1_000).catch(() => undefined);
      }
      expect(await ours.closed).toMatchObject({ by: 'peer', error: { code: 'going_away', retrySafe: true } });
    },
  );

  test('whoever sends copies of a client’s packets from elsewhere, and faster, diverts nothing and gets little', async () => {
    const { network, ours, theirs } = await connectThrough();
    const before = theirs.remote.port;
    const spy = await network.spy();
    await moveBody(ours, 3_000_000);
    expect(theirs.remote.port).toBe(before);
    expect(spy.sentBytes).toBeGreaterThan(100_000);
    expect(spy.receivedBytes).toBeLessThan(3 * spy.sentBytes);
  });

  test('a client moves to a fresh port while a body is under way', async () => {
    const { ours, theirs } = await connectThrough();
    const before = ours.local.port;
    const body = moveBody(ours, 3_000_000);
    await ours.migrate();
    await body;
    expect(ours.local.port).not.toBe(before);
    await moveBody(ours, 100_000);
    await moveBody(ours, 100_000);
    for (const end of [ours, theirs]) expect((end as QuicConnection).sender.size.current).toBeGreaterThan(1_200);
    while (theirs.stats().streams > 0) await turn();
  });

  test('a client whose path has died with all that was under way moves, and the body arrives', async () => {
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const { network, ours } = await connectThrough();
        const body = moveBody(ours, 3_000_000);
        while (ours.stats().bytesReceived < 500_000) await turn();
        network.cutPaths();
        await ours.migrate();
        await body;
      }),
    );
  });

  test('a client moves to a path that carries less than the one it leaves: what probes it is small', async () => {
    const { network, ours, theirs } = await connectThrough();
    await moveBody(ours, 1_000_000);
    expect((theirs as QuicConnection).sender.size.current).toBeGreaterThan(1_200);
    network.setFaults({ mtuBytes: 1_200 });
    await ours.migrate();
    await moveBody(ours, 100_000);
  });

  test('a client moves several times, with a fresh connection id each', async () => {
    const { ours } = await connectThrough();
    const ports = new Set([ours.local.port]);
    for (let count = 0; count < 5; count += 1) {
      await ours.migrate();
      ports.add(ours.local.port);
      await moveBody(ours, 20_000);
    }
    expect(ports.size).toBe(6);
  });

  test('where nobody answers the move fails as unreachable and the connection stays where it was', async () => {
    const { network, ours } = await connectThrough();
    network.setBlackhole(true);
    const move = ours.migrate();
    await expect(move).rejects.toMatchObject({ code: 'unreachable' });
    network.setBlackhole(false);
    await moveBody(ours, 10_000);
  });

  test('only clients move', async () => {
    const { theirs } = await connectThrough();
    await expect(theirs.migrate()).rejects.toMatchObject({ code: 'invalid_state' });
  });
});
