import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { systemClock } from '@qconn/clock';
import { afterEach, describe, expect, test } from 'vitest';
import { Impairment, QUEUE_MS, createFaultyNetwork, seededRandom, type Faults } from '@qconn/testkit';

function passMany(faults: Faults, count = 10_000, seed = 7): { at: number; bytes: Uint8Array }[][] {
  const impairment = new Impairment(faults, seededRandom(seed));
  return Array.from({ length: count }, (_, index) => impairment.pass(Uint8Array.of(index & 255, index >> 8), index));
}

describe('impairment', () => {
  test('without faults everything passes at once and unchanged', () => {
    expect(passMany({}, 3)).toEqual([0, 1, 2].map((index) => [{ at: index, bytes: Uint8Array.of(index, 0) }]));
  });

  test('the same seed replays the same faults', () => {
    const faults = { loss: 0.3, jitterMs: 9, reorder: 0.1, duplicate: 0.1, corrupt: 0.1 };
    expect(passMany(faults, 500)).toEqual(passMany(faults, 500));
    expect(passMany(faults, 500)).not.toEqual(passMany(faults, 500, 8));
  });

  test.each([0.01, 0.05, 0.3])('loses about %d of the datagrams', (loss) => {
    const lost = passMany({ loss }).filter((arrivals) => arrivals.length === 0).length / 10_000;
    expect(lost).toBeGreaterThan(loss * 0.7);
    expect(lost).toBeLessThan(loss * 1.3);
  });

  test('delays, and keeps the order however it jitters', () => {
    const times = passMany({ delayMs: 50, jitterMs: 20 }, 1_000).map(([arrival]) => arrival?.at ?? 0);
    expect(times.every((at, index) => at - index >= 50 && at - index <= 75)).toBe(true);
    expect(times.every((at, index) => index === 0 || at >= (times[index - 1] ?? 0))).toBe(true);
  });

  test('reorders, duplicates and corrupts about as often as it is told', () => {
    const late = passMany({ reorder: 0.1 }).filter(([arrival], index) => (arrival?.at ?? 0) > index).length;
    const twice = passMany({ duplicate: 0.1 }).filter(({ length }) => length === 2).length;
    const changed = passMany({ corrupt: 0.1 }).filter(
      ([arrival], index) =>
        Buffer.compare(arrival?.bytes ?? Buffer.alloc(0), Uint8Array.of(index & 255, index >> 8)) !== 0,
    ).length;
    for (const count of [late, twice, changed]) expect(count / 10_000).toBeCloseTo(0.1, 1);
  });

  test('a rate limit makes datagrams wait, and drops them once the queue is full', () => {
    const impairment = new Impairment({ bytesPerSecond: 100_000 }, seededRandom(1));
    const arrivals = Array.from({ length: 100 }, () => impairment.pass(new Uint8Array(1_000), 0)[0]?.at);
    expect(arrivals.slice(0, 3)).toEqual([10, 20, 30]);
    expect(arrivals.filter((at) => at !== undefined)).toHaveLength(QUEUE_MS / 10 + 1);
  });

  test('an MTU loses what is larger', () => {
    const impairment = new Impairment({ mtuBytes: 1_200 }, seededRandom(1));
    expect(impairment.pass(new Uint8Array(1_200), 0)).toHaveLength(1);
    expect(impairment.pass(new Uint8Array(1_201), 0)).toHaveLength(0);
  });
});

async function say(client: Socket, server: Socket, port: number, text: string): Promise<number> {
  const heard = once(server, 'message');
  client.send(text, port, '127.0.0.1');
  const [bytes, from] = (await heard) as [Buffer, { port: number }];
  expect(String(bytes)).toBe(text);
  return from.port;
}

describe('relay', () => {
  const open: { close(): unknown }[] = [];
  afterEach(() => Promise.all(open.splice(0).map((each) => each.close())));

  async function udp(): Promise<Socket> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    open.push(socket);
    return socket;
  }

  async function relayed(): Promise<{
    network: Awaited<ReturnType<typeof createFaultyNetwork>>;
    server: Socket;
    client: Socket;
  }> {
    const server = await udp();
    const network = await createFaultyNetwork(systemClock, {
      target: { host: '127.0.0.1', port: server.address().port },
    });
    open.push(network);
    return { network, server, client: await udp() };
  }

  test('carries both ways, and after a rebinding the server sees another port', async () => {
    const { network, server, client } = await relayed();
    const before = await say(client, server, network.address.port, 'one');
    const answered = once(client, 'message');
    server.send('answer', before, '127.0.0.1');
    expect(String((await answered)[0])).toBe('answer');
    await network.rebind();
    expect(await say(client, server, network.address.port, 'two')).not.toBe(before);
    expect(network.counts).toEqual({ entered: 3, left: 3 });
  });

  test('a rebinding with the next datagram of a client loses nothing that was under way to it', async () => {
    const { network, server, client } = await relayed();
    const before = await say(client, server, network.address.port, 'one');
    network.rebindNext();
    const answered = once(client, 'message');
    server.send('answer', before, '127.0.0.1');
    expect(String((await answered)[0])).toBe('answer');
    const after = await say(client, server, network.address.port, 'two');
    expect(after).not.toBe(before);
    expect(await say(client, server, network.address.port, 'three')).toBe(after);
  });

  test('a blackhole swallows, and what comes afterwards passes', async () => {
    const { network, server, client } = await relayed();
    network.setBlackhole(true);
    await new Promise((resolve) => client.send('lost', network.address.port, '127.0.0.1', resolve));
    await expect.poll(() => network.counts.entered).toBe(1);
    network.setBlackhole(false);
    await say(client, server, network.address.port, 'found');
    expect(network.counts).toEqual({ entered: 2, left: 1 });
  });

  test('the same seed loses the same datagrams of one way, whatever the other way carries', async () => {
    const fates = async (answers: number): Promise<boolean[]> => {
      const { network, server, client } = await relayed();
      const upstream = await say(client, server, network.address.port, 'here');
      network.setFaults({ loss: 0.5 });
      /** @returns whether it came out again */
      const passes = async (from: Socket, port: number): Promise<boolean> => {
        const { entered, left } = { ...network.counts };
        from.send('x', port, '127.0.0.1');
        while (network.counts.entered === entered) await new Promise((resolve) => setImmediate(resolve));
        return network.counts.left > left;
      };
      const passed: boolean[] = [];
      for (let sent = 0; sent < 20; sent += 1) {
        for (let count = 0; count < answers; count += 1) await passes(server, upstream);
        passed.push(await passes(client, network.address.port));
      }
      return passed;
    };
    const alone = await fates(0);
    expect(new Set(alone).size).toBe(2);
    expect(await fates(1)).toEqual(alone);
  });

  test('cut paths lose what comes from the clients that have come so far, and of nobody else', async () => {
    const { network, server, client } = await relayed();
    await say(client, server, network.address.port, 'one');
    network.cutPaths();
    await new Promise((resolve) => client.send('lost', network.address.port, '127.0.0.1', resolve));
    await say(await udp(), server, network.address.port, 'of another port');
    expect(network.counts).toEqual({ entered: 2, left: 2 });
  });

  test('a delay is served', async () => {
    const { network, server, client } = await relayed();
    network.setFaults({ delayMs: 40 }, 'toServer');
    const start = performance.now();
    await say(client, server, network.address.port, 'late');
    expect(performance.now() - start).toBeGreaterThanOrEqual(39);
  });
});
