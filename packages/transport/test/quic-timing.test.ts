import { describe, expect, test } from 'vitest';
import { DelayedAck } from '../src/quic/delayed-ack.ts';
import { HandshakeFlight } from '../src/quic/handshake-flight.ts';
import { Liveness } from '../src/quic/liveness.ts';
import { connectionLimits } from '../src/quic/options.ts';
import { PathWatch } from '../src/quic/path-watch.ts';

const to = { host: '192.0.2.7', port: 4_000 };

function flightOf(role: 'client' | 'server', ...datagrams: Uint8Array[]): HandshakeFlight {
  const flight = new HandshakeFlight(role);
  for (const bytes of datagrams) flight.sent(bytes, to);
  flight.armAt(0);
  return flight;
}

describe('the flight of a handshake', () => {
  const hello = new Uint8Array(1_200);

  test('is sent again after 250 ms, and then every half second', () => {
    const flight = flightOf('client', hello);
    const times: number[] = [];
    for (let now = 0; now <= 4_000; now += 10) if (flight.repeat(now).length > 0) times.push(now);
    expect(times).toEqual([250, 750, 1_250, 1_750, 2_250, 2_750, 3_250, 3_750]);
    expect(flight.dueAt).toBe(4_250);
  });

  test('grows with what the engine sends, which starts the wait afresh', () => {
    const flight = flightOf('client', hello);
    flight.repeat(250);
    flight.sent(new Uint8Array(100), to);
    flight.armAt(300);
    expect(flight.repeat(549)).toEqual([]);
    expect(flight.repeat(550).map(({ bytes }) => bytes.length)).toEqual([1_200, 100]);
  });

  test('holds eight datagrams at most, the latest', () => {
    const flight = flightOf('client', ...Array.from({ length: 10 }, (_, index) => new Uint8Array(index)));
    expect(flight.repeat(250).map(({ bytes }) => bytes.length)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('of a client is another one once the handshake has finished on its side', () => {
    const flight = flightOf('client', hello);
    flight.established();
    flight.sent(new Uint8Array(300), to);
    flight.armAt(100);
    expect(flight.repeat(350).map(({ bytes }) => bytes.length)).toEqual([300]);
  });

  test('of a server, repetitions included, stays within three times what came (RFC 9000, section 8.1)', () => {
    const flight = new HandshakeFlight('server');
    flight.received(1_200);
    for (let count = 0; count < 2; count += 1) flight.sent(new Uint8Array(1_200), to);
    flight.armAt(0);
    expect([flight.allows(1_200), flight.allows(1_201)]).toEqual([true, false]);
    expect(flight.repeat(250)).toHaveLength(1);
    expect(flight.repeat(750)).toHaveLength(0);
    flight.received(1_200);
    expect(flight.repeat(2_000)).toHaveLength(2);
  });
});

describe('liveness', () => {
  const limits = connectionLimits({});

  test('a handshake is late at its deadline, unless it has finished or been given up', () => {
    const liveness = new Liveness('client', limits, 100);
    expect([liveness.dueAt, liveness.handshakeLate(5_099), liveness.handshakeLate(5_100)]).toEqual([
      5_100,
      false,
      true,
    ]);
    liveness.end();
    expect([liveness.dueAt, liveness.handshakeLate(5_100)]).toEqual([Number.POSITIVE_INFINITY, false]);
  });

  test('the client keeps the connection alive, the server does not', () => {
    const [client, server] = [new Liveness('client', limits, 0), new Liveness('server', limits, 0)];
    for (const each of [client, server]) each.establish(1_000);
    expect([client.takeKeepAlive(10_999), client.takeKeepAlive(11_000), client.takeKeepAlive(11_001)]).toEqual([
      false,
      true,
      false,
    ]);
    expect(client.dueAt).toBe(21_000);
    expect(server.dueAt).toBe(Number.POSITIVE_INFINITY);
  });

  test('knows whether the peer has been heard at all, and whether it is through with the handshake, which its repeated flight does not say', () => {
    const liveness = new Liveness('client', limits, 0);
    expect(liveness.condition).toEqual({ role: 'client', established: false, heard: false });
    liveness.received(1_200, 0, true);
    liveness.establish(0);
    expect([liveness.condition.heard, liveness.confirmed]).toEqual([true, false]);
    liveness.received(1_200, 0, true);
    expect(liveness.confirmed).toBe(false);
    liveness.received(100, 0, false);
    expect(liveness.confirmed).toBe(true);
  });

  test('tells a keepalive from what somebody waits for: nothing that short that comes after a second of silence is a message', () => {
    const liveness = new Liveness('server', limits, 0);
    expect(liveness.received(1_200, 0, false)).toBe(false);
    expect(liveness.received(44, 1_000, false)).toBe(true);
    // Acknowledgements of what is under way make room for more.
    expect(liveness.received(44, 1_999, false)).toBe(false);
    expect(liveness.received(45, 9_000, false)).toBe(false);
    expect(liveness.received(44, 10_000, false)).toBe(true);
  });
});

test('an acknowledgement waits for two milliseconds or eight datagrams', () => {
  const ack = new DelayedAck();
  expect(ack.dueAt).toBe(Number.POSITIVE_INFINITY);
  for (let now = 10; now < 17; now += 1) ack.received(now);
  expect([ack.dueAt, ack.full]).toEqual([12, false]);
  ack.received(17);
  expect(ack.full).toBe(true);
  ack.sent();
  expect([ack.dueAt, ack.full]).toEqual([Number.POSITIVE_INFINITY, false]);
});

test('paths are looked at for 64 turns after a move, all the while this side moves, and now and then', async () => {
  const watch = new PathWatch();
  const looks = (turns: number): number => Array.from({ length: turns }, () => watch.take()).filter(Boolean).length;
  expect(looks(100)).toBe(64);
  watch.received(true);
  expect(looks(100)).toBe(64);
  for (let count = 0; count < 1_024; count += 1) watch.received(false);
  expect(looks(100)).toBe(64);
  const move = Promise.withResolvers<void>();
  const followed = watch.follow(move.promise);
  expect(looks(100)).toBe(100);
  move.resolve();
  await followed;
  expect(looks(100)).toBe(64);
});
