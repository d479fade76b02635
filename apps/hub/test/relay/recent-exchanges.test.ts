import { encodeHeaders, LANES_PER_CONNECTION } from '@qconn/protocol';
import { expect, test } from 'vitest';
import { traceParentOf } from '../../src/relay/exchange-spans.ts';
import { RecentExchanges } from '../../src/relay/recent-exchanges.ts';
import { LIMS, PRINTER, RelayStage, type Connected } from './relay-stage.ts';

/** A relay that remembers what has ended. */
function remembering(limits = { entries: 4, maxAgeMs: 60_000 }): {
  stage: RelayStage;
  recent: RecentExchanges;
  lims: Connected;
  printer: Connected;
} {
  const stage = new RelayStage();
  const recent = new RecentExchanges(stage.clock, limits);
  stage.onEnded = (exchange, outcome) => recent.add(exchange, outcome);
  return { stage, recent, lims: stage.connect(LIMS), printer: stage.connectPrinter() };
}

/** The hub's id of the nth exchange of a turn: they share a lane. */
function idOf(nth: number): number {
  return nth * LANES_PER_CONNECTION;
}

function complete({ stage, lims, printer }: ReturnType<typeof remembering>, id: number): void {
  stage.request(lims, {}, id);
  stage.ack(printer);
  stage.respond(printer);
}

test('tells an inquiry from a job', () => {
  const { stage, recent, lims, printer } = remembering();
  stage.request(lims, { inquiry: true, idempotencyKey: 'order-1' });
  stage.respond(printer);
  expect(recent.list({}, 1).items).toMatchObject([{ inquiry: true, outcome: 'completed' }]);
});

test('remembers of each exchange who, where, when and how, and nothing that it carried', () => {
  const here = remembering();
  const { stage, recent, lims, printer } = here;
  const start = stage.clock.now();
  stage.request(lims, { body: new Uint8Array(5) });
  stage.clock.advance(10);
  stage.ack(printer);
  stage.clock.advance(20);
  stage.respond(printer, new Uint8Array(7));
  expect(recent.list({}, 10)).toEqual({
    items: [
      {
        id: idOf(1),
        from: LIMS,
        serviceType: 'print',
        inquiry: false,
        to: { fingerprint: PRINTER, hostname: 'printer', device: 'zebra-1' },
        outcome: 'completed',
        acceptedAt: start,
        forwardedAt: start,
        acknowledgedAt: start + 10,
        endedAt: start + 30,
        deliveries: 1,
        requestBytes: 5,
        responseBytes: 7,
        traceParent: undefined,
      },
    ],
    next: undefined,
  });
  expect(recent.get(idOf(1))).toEqual(recent.list({}, 1).items[0]);
  expect(recent.get(idOf(2))).toBeUndefined();
});

test('finds what is asked for, the last first, page by page', () => {
  const here = remembering({ entries: 100, maxAgeMs: 60_000 });
  const { stage, recent, lims } = here;
  for (let id = 1; id <= 4; id += 1) complete(here, id);
  stage.request(lims, { address: { serviceType: 'scan' } }, 9);
  const ids = (found: ReturnType<RecentExchanges['list']>): number[] => found.items.map(({ id }) => id);
  expect(ids(recent.list({}, 100))).toEqual([5, 4, 3, 2, 1].map(idOf));
  const first = recent.list({}, 2);
  const second = recent.list({}, 2, first.next);
  const third = recent.list({}, 2, second.next);
  expect([first, second, third].map(ids)).toEqual([[5, 4], [3, 2], [1]].map((page) => page.map(idOf)));
  expect(third.next).toBeUndefined();
  expect(ids(recent.list({ outcome: 'not_found' }, 9))).toEqual([5].map(idOf));
  expect(ids(recent.list({ serviceType: 'print', from: LIMS, to: PRINTER }, 2))).toEqual([4, 3].map(idOf));
  expect(ids(recent.list({ to: LIMS }, 9))).toEqual([]);
  expect(ids(recent.list({ since: stage.clock.now() + 1 }, 9))).toEqual([]);
});

test('a page that went on while more came in misses nothing that was there and repeats nothing', () => {
  const here = remembering({ entries: 100, maxAgeMs: 60_000 });
  for (let id = 1; id <= 4; id += 1) complete(here, id);
  const { items, next } = here.recent.list({}, 2);
  complete(here, 5);
  expect([...items, ...here.recent.list({}, 9, next).items].map(({ id }) => id)).toEqual([4, 3, 2, 1].map(idOf));
});

test('is bounded in number and in age', () => {
  const here = remembering();
  for (let id = 1; id <= 6; id += 1) complete(here, id);
  expect(here.recent.list({}, 100).items.map(({ id }) => id)).toEqual([6, 5, 4, 3].map(idOf));
  here.stage.clock.advance(60_001);
  complete(here, 7);
  expect(here.recent.list({}, 100).items.map(({ id }) => id)).toEqual([7].map(idOf));
  here.recent.sweep();
  expect([here.recent.get(idOf(6)), here.recent.get(idOf(7))?.id]).toEqual([undefined, idOf(7)]);
});

test('what was let go of for its age stays gone when the age is raised', () => {
  const limits = { entries: 4, maxAgeMs: 1_000 };
  const here = remembering(limits);
  complete(here, 1);
  here.stage.clock.advance(1_001);
  here.recent.sweep();
  complete(here, 2);
  limits.maxAgeMs = 60_000;
  expect(here.recent.list({}, 9).items.map(({ id }) => id)).toEqual([idOf(2)]);
  expect(here.recent.get(idOf(1))).toBeUndefined();
});

test('turned off it keeps nothing', () => {
  const here = remembering({ entries: 0, maxAgeMs: 60_000 });
  complete(here, 1);
  expect(here.recent.list({}, 9)).toEqual({ items: [], next: undefined });
  here.recent.sweep();
});

test('the trace is that of the sender’s traceparent', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const headers = (value: string): Uint8Array => encodeHeaders({ first: 'x', traceparent: value, last: 'y' });
  const parent = { traceId: trace, spanId: '00f067aa0ba902b7', flags: 1 };
  expect(traceParentOf(headers(`00-${trace}-00f067aa0ba902b7-01`))).toEqual(parent);
  // A later version may have more, and ff is none (W3C Trace Context, section 3.2.2.1).
  expect(traceParentOf(headers(`01-${trace}-00f067aa0ba902b7-01-more`))).toEqual(parent);
  expect(traceParentOf(headers(`ff-${trace}-00f067aa0ba902b7-01`))).toBeUndefined();
  expect(traceParentOf(headers('nonsense'))).toBeUndefined();
  expect(traceParentOf(encodeHeaders({ other: 'x' }))).toBeUndefined();
  expect(traceParentOf(new Uint8Array(0))).toBeUndefined();
  for (let cut = 1; cut < 60; cut += 1) traceParentOf(headers(`00-${trace}-00f067aa0ba902b7-01`).subarray(0, cut));
});
