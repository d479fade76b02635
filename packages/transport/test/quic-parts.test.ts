import { randomBytes } from 'node:crypto';
import { ManualClock } from '@qconn/clock';
import { describe, expect, test } from 'vitest';
import { Admission } from '../src/quic/admission.ts';
import { Alarm } from '../src/quic/alarm.ts';
import { endpointSecrets } from '../src/quic/endpoint-secrets.ts';
import { InterfaceMtus, wayOf } from '../src/quic/interface-mtu.ts';
import { ADMISSION_LIMITS } from '../src/quic/options.ts';
import { ReceiveSlab } from '../src/quic/receive-slab.ts';
import { routesOf } from '../src/quic/route-table.ts';
import { RetryTokens } from '../src/quic/retry-tokens.ts';
import { ChunkPool, Staging } from '../src/quic/staging.ts';
import { StatelessResets } from '../src/quic/stateless-reset.ts';
import { Traffic } from '../src/quic/traffic.ts';

describe('retry tokens', () => {
  const tokens = new RetryTokens(randomBytes(32));
  const claim = { originalId: Buffer.from('original'), retryId: Buffer.from('retry-id') };
  const remote = { host: '192.0.2.7', port: 4_000 };
  const token = tokens.seal(claim, remote, 1_000);

  test('say what they were made from, for ten seconds', () => {
    expect(tokens.open(token, remote, 1_000)).toEqual(claim);
    expect(tokens.open(token, remote, 11_000)).toEqual(claim);
    expect(tokens.open(token, remote, 11_001)).toBeUndefined();
  });

  test.each([
    ['another address', () => tokens.open(token, { ...remote, host: '192.0.2.8' }, 1_000)],
    ['another port', () => tokens.open(token, { ...remote, port: 4_001 }, 1_000)],
    ['another key', () => new RetryTokens(randomBytes(32)).open(token, remote, 1_000)],
    [
      'a changed bit',
      () =>
        tokens.open(
          token.map((byte, index) => (index === 20 ? byte ^ 1 : byte)),
          remote,
          1_000,
        ),
    ],
    ['a cut token', () => tokens.open(token.subarray(0, 40), remote, 1_000)],
    ['nonsense', () => tokens.open(randomBytes(64), remote, 1_000)],
    ['nothing', () => tokens.open(new Uint8Array(0), remote, 1_000)],
  ])('are worth nothing with %s', (_what, open) => {
    expect(open()).toBeUndefined();
  });
});

describe('admission', () => {
  const limits = {
    ...ADMISSION_LIMITS,
    maxConnections: 3,
    maxConnectionsPerSource: 2,
    maxHandshakes: 3,
    maxHandshakesPerSource: 2,
    retryFrom: 2,
  };

  test('asks for proof of the address when busy, and takes it', () => {
    const admission = new Admission(limits);
    expect(admission.verdict('a', false)).toBe('accept');
    for (const host of ['a', 'b']) admission.began(host);
    expect([admission.verdict('c', false), admission.verdict('c', true)]).toEqual(['retry', 'accept']);
    admission.shook('a');
    expect(admission.verdict('c', false)).toBe('accept');
  });

  test('drops beyond the handshakes that it can carry, in all and from one source', () => {
    const admission = new Admission(limits);
    for (const host of ['a', 'a']) admission.began(host);
    expect([admission.verdict('a', true), admission.verdict('b', true)]).toEqual(['drop', 'accept']);
    admission.began('b');
    expect(admission.verdict('c', true)).toBe('drop');
  });

  test('refuses beyond the connections that it may have, and has room again when some are gone', () => {
    const admission = new Admission(limits);
    for (const host of ['a', 'a', 'b']) {
      admission.began(host);
      admission.shook(host);
    }
    expect([admission.verdict('a', true), admission.verdict('c', true)]).toEqual(['refuse', 'refuse']);
    admission.left('a');
    expect([admission.verdict('a', true), admission.verdict('c', true)]).toEqual(['accept', 'accept']);
  });
});

describe('traffic', () => {
  const repeat = (count: number, act: () => void): void => {
    for (let index = 0; index < count; index += 1) act();
  };
  /** Every datagram was the peer's own. */
  const look = (traffic: Traffic, now: number): string | undefined =>
    traffic.excess(now, () => Number.POSITIVE_INFINITY);
  const fresh = (): Traffic => {
    const traffic = new Traffic();
    look(traffic, 1_000_000);
    return traffic;
  };

  test.each<[string, (traffic: Traffic) => void]>([
    ['a bulk download, acknowledged', (t) => repeat(30_000, () => (t.datagramReceived(40), t.streamMoved(2_700)))],
    ['a storm of small messages', (t) => repeat(60_000, () => (t.datagramReceived(300), t.streamMoved(256)))],
    ['bodies whose readers have stopped', (t) => repeat(20_000, () => t.datagramReceived(1_200))],
    ['pings', (t) => repeat(1_000, () => t.datagramReceived(30))],
    ['a NAT that rebinds', (t) => repeat(4, () => (t.pathChanged(), t.idRetired()))],
  ])('%s is honest', (_what, act) => {
    const traffic = fresh();
    act(traffic);
    expect(look(traffic, 1_000_900)).toBeUndefined();
  });

  test.each<[string, RegExp, (traffic: Traffic) => void]>([
    ['a flood of pings', /next to nothing/, (t) => repeat(6_000, () => t.datagramReceived(30))],
    [
      'a flood of one-byte frames',
      /next to nothing/,
      (t) => repeat(9_000, () => (t.datagramReceived(30), t.streamMoved(1))),
    ],
    ['a flood of padding', /next to nothing/, (t) => repeat(25_001, () => t.datagramReceived(1_200))],
    ['rapid resets', /resets/, (t) => repeat(2_001, () => t.streamReset())],
    ['a flood of path changes', /address/, (t) => repeat(21, () => t.pathChanged())],
    ['a churn of connection ids', /ids/, (t) => repeat(51, () => t.idRetired())],
    ['an endless handshake', /handshake/, (t) => repeat(60, () => t.handshakeReceived(1_200))],
  ])('%s is not', (_what, reason, act) => {
    const traffic = fresh();
    act(traffic);
    expect(look(traffic, 1_000_900)).toMatch(reason);
  });

  test('what others send in the peer’s name does not count against it, however long they do', () => {
    const traffic = fresh();
    for (let second = 1; second <= 20; second += 1) {
      repeat(2_000, () => traffic.datagramReceived(30));
      expect(traffic.excess(1_000_000 + second * 1_000, () => second * 40)).toBeUndefined();
    }
    repeat(4_800, () => traffic.datagramReceived(30));
    expect(traffic.excess(1_020_500, () => 800 + 4_800)).toBeUndefined();
    repeat(300, () => traffic.datagramReceived(30));
    expect(traffic.excess(1_020_600, () => 800 + 5_100)).toMatch(/next to nothing/);
  });

  test('what carries nothing adds up, but for fifty a second', () => {
    const traffic = fresh();
    repeat(4_000, () => traffic.datagramReceived(30));
    expect(traffic.excess(1_001_000, () => 4_000)).toBeUndefined();
    repeat(1_040, () => traffic.datagramReceived(30));
    expect(traffic.excess(1_002_000, () => 5_040)).toBeUndefined();
    repeat(80, () => traffic.datagramReceived(30));
    expect(traffic.excess(1_003_000, () => 5_120)).toMatch(/next to nothing/);
  });

  test('what is read later pays for what came before', () => {
    const traffic = fresh();
    repeat(20_000, () => traffic.datagramReceived(1_200));
    expect(traffic.excess(1_001_000, () => 20_000)).toBeUndefined();
    traffic.streamMoved(24_000_000);
    expect(traffic.excess(1_002_000, () => 20_000)).toBeUndefined();
    repeat(24_000, () => traffic.datagramReceived(1_200));
    expect(traffic.excess(1_003_000, () => 44_000)).toBeUndefined();
  });

  test('an engine that sends without end is noticed', () => {
    const traffic = fresh();
    repeat(10_000, () => traffic.datagramSent());
    expect(traffic.runaway).toBe(false);
    repeat(1, () => traffic.datagramSent());
    expect(traffic.runaway).toBe(true);
  });
});

describe('interfaces', () => {
  test('the loopback carries the largest datagrams, and no way that leaves this machine’s networks more than Ethernet', () => {
    const mtus = new InterfaceMtus(new ManualClock());
    expect(mtus.payloadTowards('127.0.0.1')).toBe(16_383);
    expect(mtus.payloadTowards('::ffff:127.0.0.1')).toBe(16_383);
    expect(mtus.payloadTowards('198.51.100.1')).toBeLessThanOrEqual(1_472);
    expect(mtus.payloadTowards('2001:db8::1')).toBeLessThanOrEqual(1_452);
    expect(new InterfaceMtus(new ManualClock(), 1_350).payloadTowards('127.0.0.1')).toBe(1_350);
  });

  /** `/proc/net/route` and `/proc/net/ipv6_route` of a machine with a LAN, an overlay network, and a narrower route. */
  const ROUTES_IPV4 = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'vxlan0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0',
    'vxlan0\t0000090A\t00000000\t0001\t0\t0\t0\t0000FFFF\t1300\t0\t0',
    'vxlan0\t0000080A\t00000000\t0200\t0\t0\t0\t0000FFFF\t1200\t0\t0',
    '',
  ].join('\n');
  const NOWHERE = '0'.repeat(32);
  const ROUTES_IPV6 = [
    `fd000000000000000000000000000000 40 ${NOWHERE} 00 ${NOWHERE} 00000100 00000001 00000000 00000001   vxlan0`,
    `${NOWHERE} 00 ${NOWHERE} 00 ${NOWHERE} 00000400 00000001 00000000 00000003     eth0`,
    `${NOWHERE} 00 ${NOWHERE} 00 ${NOWHERE} ffffffff 00000001 00000000 00200200       lo`,
    '',
  ].join('\n');

  test.each([
    ['198.51.100.1', 1_472],
    ['10.1.0.1', 1_450 - 28],
    ['10.9.0.1', 1_300 - 28],
    ['10.8.0.1', 1_450 - 28],
    ['::ffff:10.9.0.1', 1_300 - 28],
    ['2001:db8::1', 1_452],
    ['fd00::7', 1_450 - 48],
  ])('the interface that the routes name towards %s carries %i', (host, payload) => {
    const interfaceMtu = (name: string): number => (name === 'vxlan0' ? 1_450 : 9_001);
    const ways = routesOf(ROUTES_IPV4, ROUTES_IPV6).map((route) => wayOf(route, interfaceMtu));
    expect(new InterfaceMtus(new ManualClock(), undefined, () => ways).payloadTowards(host)).toBe(payload);
  });

  test('interfaces are looked at anew after five seconds, or at once when this machine has moved', () => {
    const clock = new ManualClock();
    let looks = 0;
    const mtus = new InterfaceMtus(clock, undefined, () => {
      looks += 1;
      return [];
    });
    const ask = (): number => {
      mtus.payloadTowards('198.51.100.1');
      return looks;
    };
    expect([ask(), ask()]).toEqual([1, 1]);
    clock.advance(5_000);
    expect([ask(), ask()]).toEqual([2, 2]);
    mtus.forget();
    expect([ask(), ask()]).toEqual([3, 3]);
  });
});

describe('secrets', () => {
  test('the same secret gives the same keys, another gives others', () => {
    const secret = randomBytes(32);
    const id = randomBytes(8);
    expect(endpointSecrets(secret).resetToken(id)).toEqual(endpointSecrets(secret).resetToken(id));
    expect(endpointSecrets(secret).ticketKey(7)).toEqual(endpointSecrets(secret).ticketKey(7));
    expect(endpointSecrets().resetToken(id)).not.toEqual(endpointSecrets().resetToken(id));
    expect(() => endpointSecrets(randomBytes(16))).toThrow(expect.objectContaining({ code: 'tls_config' }));
  });

  test('a stateless reset is smaller than what it answers, and rationed', () => {
    const resets = new StatelessResets(endpointSecrets());
    expect(resets.answer(randomBytes(21), 0)).toBeUndefined();
    expect(resets.answer(randomBytes(22), 0)).toHaveLength(21);
    expect(resets.answer(randomBytes(40), 0)).toHaveLength(39);
    expect(resets.answer(randomBytes(1_200), 0)).toHaveLength(42);
    let answers = 3;
    while (resets.answer(randomBytes(100), 1) !== undefined) answers += 1;
    expect(answers).toBe(2_000);
    expect(resets.answer(randomBytes(100), 1_000)).toBeDefined();
  });
});

describe('memory', () => {
  test('chunks given to readers are never written again', () => {
    const slab = new ReceiveSlab();
    const chunks = Array.from({ length: 3_000 }, (_, index) => {
      slab.room().fill(index & 255, 0, 100);
      return slab.take(100);
    });
    expect(chunks.every((chunk, index) => chunk.every((byte) => byte === (index & 255)))).toBe(true);
  });

  test('what is lent is one piece of memory, and not what readers keep', () => {
    const slab = new ReceiveSlab();
    expect(slab.lent.buffer).toBe(slab.lent.buffer);
    expect(slab.lent.buffer).not.toBe(slab.room().buffer);
  });

  test('pools take back the chunks that they gave, of every size, and no others', () => {
    const pool = new ChunkPool();
    const chunks = [1, 8 * 1024, 8 * 1024 + 1, 64 * 1024, 64 * 1024 + 1].map((bytes) => pool.take(bytes));
    expect(chunks.map(({ length }) => length)).toEqual([8_192, 8_192, 65_536, 65_536, 65_537]);
    for (const chunk of chunks) pool.give(chunk);
    const again = [1, 8_000, 10_000, 65_000, 70_000].map((bytes) => pool.take(bytes));
    expect(again.map((chunk) => chunks.includes(chunk))).toEqual([true, true, true, true, false]);
    expect(new Set(again).size).toBe(5);
  });

  test('staging keeps bytes in order whatever is taken when', () => {
    const staging = new Staging(new ChunkPool());
    const sent = randomBytes(100_000);
    const taken: Buffer[] = [];
    for (let start = 0, step = 1; start < sent.length; start += step, step = (step * 7 + 13) % 20_000) {
      staging.append(sent.subarray(start, start + step));
      const head = staging.head();
      taken.push(Buffer.from(head.subarray(0, head.length >> 1)));
      staging.consume(head.length >> 1);
    }
    for (let head = staging.head(); head.length > 0; head = staging.head()) {
      taken.push(Buffer.from(head));
      staging.consume(head.length);
    }
    expect(staging.length).toBe(0);
    expect(Buffer.concat(taken).equals(sent)).toBe(true);
  });
});

describe('alarm', () => {
  test('wakes at the earliest time asked for, and moving a deadline later sets no new timer', () => {
    const clock = new ManualClock();
    const alarm = new Alarm(clock);
    const woken: number[] = [];
    const sleeper = { onAlarm: (now: number) => void woken.push(now) };
    let entry = alarm.wakeBy(undefined, 50, sleeper);
    entry = alarm.wakeBy(entry, 80, sleeper);
    expect(clock.pendingTimers).toBe(1);
    entry = alarm.wakeBy(entry, 20, sleeper);
    clock.advance(20);
    expect(woken).toEqual([20]);
    alarm.wakeBy(entry, 90, sleeper);
    alarm.cancel(entry);
    expect(clock.pendingTimers).toBe(0);
  });
});
