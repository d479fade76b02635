import { type Exchange, ExchangeTable, LiveDevice, Session } from '@qconn/routing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

type Table = ExchangeTable<null, string>;

const sessionOf = (fingerprint: string, id = fingerprint): Session<null> =>
  new Session({ id, fingerprint, value: null });

function opened(table: Table, sender: Session<null>, requestId: number): Exchange<null, string> {
  const exchange = table.open(sender, requestId, `job ${requestId}`);
  if (typeof exchange === 'string') throw new Error(exchange);
  return exchange;
}

test('finds an exchange by the hub’s id, by its sender and by its target', () => {
  const table: Table = new ExchangeTable();
  const sender = sessionOf('lims');
  const device = new LiveDevice(sessionOf('printer'), 'zebra-1');
  const exchange = opened(table, sender, 7);
  table.assign(exchange, device);
  expect(table.get(exchange.id)).toBe(exchange);
  expect(table.sent(sender, 7)).toBe(exchange);
  expect(table.ofSender(sender)).toEqual([exchange]);
  expect(table.ofTarget(device.session)).toEqual([exchange]);
  expect(device.inFlight).toBe(1);
});

test('refuses past the limit of the machine, over all its sessions, orphans included', () => {
  const table: Table = new ExchangeTable({ inFlightMax: 2 });
  const before = opened(table, sessionOf('lims', 's1'), 1);
  table.orphan(before);
  const again = sessionOf('lims', 's2');
  opened(table, again, 1);
  expect(table.open(again, 2, 'one too many')).toBe('quota');
  expect(typeof table.open(sessionOf('other'), 1, 'another machine')).toBe('object');
  table.close(before);
  expect(typeof table.open(again, 2, 'there is room again')).toBe('object');
});

test('refuses a request id that the session has in flight, and takes it again afterwards', () => {
  const table: Table = new ExchangeTable();
  const sender = sessionOf('lims');
  const exchange = opened(table, sender, 1);
  expect(table.open(sender, 1, 'twice')).toBe('duplicate');
  table.close(exchange);
  expect(opened(table, sender, 1).id).not.toBe(exchange.id);
});

test('gives out what is due in order of deadlines, and not what was closed or put off', () => {
  const table: Table = new ExchangeTable();
  const sender = sessionOf('lims');
  const [first, second, third, fourth] = [1, 2, 3, 4].map((id) => opened(table, sender, id));
  if (!first || !second || !third || !fourth) throw new Error('unreachable');
  table.schedule(first, 30);
  table.schedule(second, 10);
  table.schedule(third, 20);
  table.schedule(fourth, 5);
  table.schedule(fourth, 99);
  table.close(third);
  expect(table.nextDeadline).toBe(10);
  expect([table.popDue(40), table.popDue(40), table.popDue(40)]).toEqual([second, first, undefined]);
  table.schedule(second, 50);
  expect(table.popDue(50)).toBe(second);
});

test('hands an exchange over to another target when the first one is lost', () => {
  const table: Table = new ExchangeTable();
  const exchange = opened(table, sessionOf('lims'), 1);
  const before = new LiveDevice(sessionOf('printer', 's1'), 'zebra-1');
  const after = new LiveDevice(sessionOf('printer', 's2'), 'zebra-1');
  table.assign(exchange, before);
  table.assign(exchange, after);
  expect([before.inFlight, after.inFlight]).toEqual([0, 1]);
  expect(table.ofTarget(before.session)).toEqual([]);
  expect(table.ofTarget(after.session)).toEqual([exchange]);
});

const step = fc.record({
  act: fc.constantFrom(
    'open',
    'open',
    'assign',
    'unassign',
    'orphan',
    'schedule',
    'pop',
    'close',
    'sweepSender',
    'sweepTarget',
  ),
  who: fc.nat({ max: 2 }),
  number: fc.nat({ max: 20 }),
});

test('leaves nothing in any index once everything is closed, whatever came before', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table: Table = new ExchangeTable({ inFlightMax: 5 });
      const senders = ['a', 'b', 'c'].map((name) => sessionOf(name));
      const devices = ['x', 'y', 'z'].map((name) => new LiveDevice(sessionOf(name), 'd'));
      for (const { act, who, number } of steps) {
        const sender = senders[who] as Session<null>;
        const device = devices[who] as LiveDevice<null>;
        const all = [...table];
        const exchange = all[number % Math.max(1, all.length)];
        if (act === 'open') table.open(sender, number, '');
        else if (act === 'pop') table.popDue(number);
        else if (act === 'sweepSender') table.ofSender(sender).forEach((each) => table.orphan(each));
        else if (act === 'sweepTarget') table.ofTarget(device.session).forEach((each) => table.close(each));
        else if (exchange === undefined) continue;
        else if (act === 'assign') table.assign(exchange, device);
        else if (act === 'schedule') table.schedule(exchange, number);
        else table[act](exchange);
        check(table, senders, devices);
      }
      for (const exchange of table) table.close(exchange);
      expect([table.size, table.nextDeadline]).toEqual([0, undefined]);
      check(table, senders, devices);
    }),
    { numRuns: 1_500 },
  );
});

/** Every index says the same as the exchanges themselves. */
function check(table: Table, senders: Session<null>[], devices: LiveDevice<null>[]): void {
  const all = [...table];
  for (const sender of senders) {
    expect(new Set(table.ofSender(sender))).toEqual(new Set(all.filter((exchange) => exchange.sender === sender)));
    expect(table.inFlight(sender.fingerprint)).toBe(
      all.filter((each) => each.senderFingerprint === sender.fingerprint).length,
    );
  }
  for (const device of devices) {
    const own = all.filter((exchange) => exchange.target === device);
    expect(new Set(table.ofTarget(device.session))).toEqual(new Set(own));
    expect(device.inFlight).toBe(own.length);
  }
}
