import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Losses } from '../src/quic/black-hole.ts';
import { PacketSize } from '../src/quic/packet-size.ts';

const RTT_MS = 20;
/** When the fate of all that was sent is known for certain. */
const SETTLED_MS = 100;
const RETRY_MS = 60_000;
const TARGET = 1_472;

/** A path, and an engine that sends on it and counts what it loses. */
class Path {
  readonly size: PacketSize;
  now = 1_000;
  mtu = Number.POSITIVE_INFINITY;
  asked = 0;
  #lost = { packets: 0, bytes: 0 };

  constructor(target: number = TARGET) {
    this.size = new PacketSize(target);
  }

  readonly losses = (): Losses => {
    this.asked += 1;
    return { ...this.#lost, rttMs: RTT_MS };
  };

  lose(bytes: number): void {
    this.#lost = { packets: this.#lost.packets + 1, bytes: this.#lost.bytes + bytes };
  }

  /** Sends a packet that is filled, or has so many bytes. @returns whether it arrives */
  #send(most = Number.POSITIVE_INFINITY): { bytes: number; arrives: boolean } {
    const bytes = Math.min(most, this.size.probe ?? this.size.current);
    this.size.sent(bytes);
    return { bytes, arrives: bytes <= this.mtu };
  }

  /** A round trip with so many packets of data: what is lost counts as lost once something later has come, after a timeout if need be. */
  round(packets: number, most?: number, arrives: () => boolean = () => true): void {
    const sent = Array.from({ length: packets }, () => this.#send(most));
    const lost = sent.filter((packet) => !packet.arrives || !arrives());
    this.now += RTT_MS;
    if (lost.length === packets) {
      this.now += SETTLED_MS;
      this.size.timedOut(this.now, this.losses);
      this.#send(most);
      this.now += RTT_MS;
    }
    for (const { bytes } of lost) this.lose(bytes);
    this.size.heard(this.now, this.losses);
    this.now += SETTLED_MS;
    this.size.heard(this.now, this.losses);
  }

  rounds(count: number, packets = 10): void {
    for (let round = 0; round < count; round += 1) this.round(packets);
  }
}

function validated(target?: number): Path {
  const path = new Path(target);
  path.size.validated();
  return path;
}

describe('packet size', () => {
  test('1,200 until the path is validated, then what the interface carries', () => {
    const { size } = new Path();
    expect(size.current).toBe(1_200);
    size.validated();
    expect(size.current).toBe(TARGET);
    size.moved(TARGET);
    expect(size.current).toBe(1_200);
    size.validated();
    expect(size.current).toBe(TARGET);
  });

  test('of another path is what the interface there carries, and never more than the connection began with', () => {
    const { size } = new Path();
    for (const [carried, used] of [
      [1_392, 1_392],
      [1_100, 1_200],
      [8_972, TARGET],
    ] as const) {
      size.moved(carried);
      size.validated();
      expect(size.current).toBe(used);
    }
  });

  test.each([
    [1_472, 1_500, 1_472],
    [1_472, 1_460, 1_452],
    [1_472, 1_400, 1_372],
    [1_472, 1_200, 1_200],
    [8_972, 1_472, 1_452],
    [16_383, 1_300, 1_200],
    [1_350, 1_349, 1_200],
  ])('of an interface of %i bytes on a path that silently carries %i, comes to be %i', (target, mtu, found) => {
    const path = validated(target);
    path.mtu = mtu;
    path.rounds(40);
    expect(path.size.current).toBe(found);
  });

  test('one flight that is lost, and then the timeout, is enough to go back', () => {
    const path = validated();
    path.mtu = 1_300;
    path.round(10);
    expect(path.size.current).toBe(1_200);
  });

  test('timeouts that come before it is known what was lost do not put that off', () => {
    const path = validated();
    path.mtu = 1_200;
    for (let count = 0; count < 10; count += 1) {
      const { current } = path.size;
      path.size.sent(current);
      path.size.timedOut(path.now, path.losses);
      path.size.sent(path.size.probe ?? current);
      path.now += RTT_MS;
      if (current > path.mtu) path.lose(current);
      path.size.heard(path.now, path.losses);
    }
    expect(path.size.current).toBe(1_200);
  });

  test('what is lost is tried again after a minute, with three packets at most', () => {
    const path = validated();
    path.mtu = 1_200;
    path.rounds(40);
    const [lostBefore, from] = [path.losses().packets, path.now];
    while (path.now < from + RETRY_MS) path.round(10);
    expect(path.losses().packets - lostBefore).toBe(3);
    path.mtu = TARGET;
    const lifted = path.now;
    while (path.now < lifted + 2 * RETRY_MS) path.round(10);
    expect([path.size.current, path.losses().packets - lostBefore]).toEqual([TARGET, 3]);
  });

  test('is smaller after a timeout for one datagram, and no smaller for all others', () => {
    const path = validated();
    for (let count = 0; count < 100; count += 1) {
      path.size.sent(TARGET);
      path.size.timedOut(path.now, path.losses);
      expect([path.size.probe, path.size.current]).toEqual([1_200, TARGET]);
      path.size.sent(1_200);
      expect(path.size.probe).toBeUndefined();
      path.now += 100;
      path.size.heard(path.now, path.losses);
      expect(path.size.current).toBe(TARGET);
    }
  });

  test('after a timeout without anything large under way, is what it was', () => {
    const path = validated();
    path.size.sent(600);
    path.size.timedOut(path.now, path.losses);
    expect(path.size.current).toBe(TARGET);
  });

  test('two large ones that are lost are no proof; the third is', () => {
    const path = validated();
    path.mtu = 1_300;
    for (const expected of [TARGET, TARGET, 1_200]) {
      path.round(1);
      expect(path.size.current).toBe(expected);
    }
  });

  test('large ones that are lost while small ones keep coming through make no timeout, and are found out all the same', () => {
    const path = validated();
    path.mtu = 1_300;
    for (let round = 0; round < 20 && path.size.current === TARGET; round += 1) {
      path.size.sent(TARGET);
      path.size.sent(TARGET);
      for (const bytes of [TARGET, TARGET]) path.lose(bytes);
      path.round(5, 300);
    }
    expect(path.size.current).toBeLessThan(TARGET);
  });

  test('the system’s word that a datagram is too large counts at once, and once for a whole flight', () => {
    const path = validated(8_972);
    path.mtu = 1_472;
    for (let count = 0; count < 5; count += 1) path.size.tooLarge(path.now);
    expect(path.size.current).toBe(1_200);
    path.rounds(10);
    expect(path.size.current).toBe(1_452);
  });

  test('the engine is asked once or twice a second', () => {
    const path = validated();
    const from = path.now;
    while (path.now < from + 60_000) path.round(10);
    expect(path.asked).toBeLessThan(130);
  });

  test('property: timeouts that are nobody’s loss never cost a size', () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('send' as const), bytes: fc.integer({ min: 30, max: TARGET }) }),
      fc.record({ kind: fc.constantFrom('timeout' as const, 'heard' as const), after: fc.nat(2_000) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const path = validated();
        for (const each of events) {
          if (each.kind === 'send') path.size.sent(Math.min(each.bytes, path.size.current));
          else {
            path.now += each.after;
            if (each.kind === 'timeout') path.size.timedOut(path.now, path.losses);
            else path.size.heard(path.now, path.losses);
          }
        }
        path.size.heard(path.now, path.losses);
        expect(path.size.current).toBe(TARGET);
      }),
    );
  });

  test('property: whatever a path carries in turn, and loses besides, it comes back to the largest size that gets through', () => {
    const phase = fc.record({
      mtu: fc.integer({ min: 1_200, max: 1_500 }),
      rounds: fc.integer({ min: 1, max: 30 }),
      packets: fc.integer({ min: 1, max: 20 }),
      most: fc.integer({ min: 100, max: 1_500 }),
      losses: fc.infiniteStream(fc.boolean()),
    });
    fc.assert(
      fc.property(fc.array(phase, { maxLength: 6 }), fc.integer({ min: 1_200, max: 1_500 }), (phases, mtu) => {
        const path = validated();
        for (const { mtu: narrow, rounds, packets, most, losses } of phases) {
          path.mtu = narrow;
          for (let round = 0; round < rounds; round += 1) {
            path.round(packets, most, () => losses.next().value);
            expect(path.size.current).toBeGreaterThanOrEqual(1_200);
            expect(path.size.probe ?? path.size.current).toBeLessThanOrEqual(TARGET);
          }
        }
        path.mtu = mtu;
        const from = path.now;
        while (path.now < from + 2 * RETRY_MS) path.round(10);
        expect(path.size.current).toBe([1_472, 1_452, 1_372, 1_200].find((bytes) => bytes <= mtu));
      }),
    );
  });
});
