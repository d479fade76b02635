import { FrameType, type Address, type ErrorCode } from '@qconn/protocol';
import { describe, expect, test } from 'vitest';
import { LIMS, machine, PRINTER, RelayStage, type Connected } from './relay-stage.ts';

/** Why a request goes nowhere: what is different from the case that works, and the outcome. */
const refusals: [
  why: string,
  arrange: (stage: RelayStage, printer: Connected) => void,
  address: Partial<Address>,
  code: ErrorCode,
  reason: RegExp,
][] = [
  ['the sender may not submit the service type', () => {}, { serviceType: 'scale.read' }, 'forbidden', /lims/],
  ['the sender is pending', (stage) => stage.setMachine(machine(LIMS, 'lims', 'pending')), {}, 'forbidden', /pending/],
  [
    'the target may not provide it',
    (stage) => stage.setMachine(machine(PRINTER, 'nobody')),
    {},
    'forbidden',
    /nobody|provide/,
  ],
  ['no such machine', () => {}, { machine: 'nowhere' }, 'not_found', /nowhere/],
  ['no such device', () => {}, { machine: 'printer', device: 'zebra-9' }, 'not_found', /zebra-9/],
  ['nobody provides it', () => {}, { serviceType: 'scan' }, 'not_found', /scan/],
  [
    'the machine is known but away',
    (stage, printer) => stage.disconnect(printer),
    { machine: 'printer' },
    'offline',
    /printer/,
  ],
  [
    'the machine is away and addressed by its fingerprint',
    (stage, printer) => stage.disconnect(printer),
    { machine: PRINTER },
    'offline',
    /printer/,
  ],
  [
    'the machine does not keep up with what it is sent',
    (_, printer) => {
      printer.peer.bufferedBytes = 1_001;
    },
    {},
    'busy',
    /printer does not keep up/,
  ],
];

describe('a request that cannot go out fails at once, with a reason, and leaves nothing behind', () => {
  test.each(refusals)('%s', (_, arrange, address, code, reason) => {
    const stage = new RelayStage();
    const lims = stage.connect(LIMS);
    const printer = stage.connectPrinter();
    arrange(stage, printer);
    stage.request(lims, { address: { serviceType: 'print', ...address } });
    expect(lims.peer.outcomes()).toMatchObject([{ code, reason: expect.stringMatching(reason) }]);
    // Where a target was chosen, the sender learns which, for it may be one of many.
    const resolved = code === 'busy' ? ['resolved'] : [];
    expect(lims.peer.stages()).toEqual(['accepted', ...resolved, 'failed']);
    expect(printer.peer.ofType(FrameType.Deliver)).toEqual([]);
    expect(stage.ended).toEqual([code]);
    expect(stage.relay.size).toBe(0);
  });
});

test('a right that is taken away is gone with the next message', () => {
  const stage = new RelayStage();
  const lims = stage.connect(LIMS);
  const printer = stage.connectPrinter();
  stage.request(lims);
  stage.respond(printer);
  stage.setMachine(machine(LIMS, 'nobody'));
  stage.request(lims, {}, 2);
  expect(lims.peer.outcomes(2).map(({ code }) => code)).toEqual(['forbidden']);
});

describe('quotas', () => {
  test('past its exchanges in flight a machine is told when to try again, and one that ends makes room', () => {
    const stage = new RelayStage({ inFlightPerMachine: 2 });
    const lims = stage.connect(LIMS);
    const printer = stage.connectPrinter();
    for (const id of [1, 2, 3]) stage.request(lims, {}, id);
    expect(lims.peer.outcomes(3)).toMatchObject([{ code: 'quota', retryAfterMs: 100 }]);
    stage.respond(printer);
    stage.request(lims, {}, 4);
    expect(lims.peer.outcomes(4)).toEqual([]);
  });

  test('past its rate a machine is told how long to wait, and that wait is enough', () => {
    const rates = { messages: { perSecond: 10, burst: 2 }, bytes: { perSecond: 1e6, burst: 1e6 } };
    const stage = new RelayStage({ inFlightPerMachine: 100, rates });
    const lims = stage.connect(LIMS);
    stage.connectPrinter();
    for (const id of [1, 2, 3]) stage.request(lims, {}, id);
    const [refused] = lims.peer.outcomes(3);
    expect(refused?.code).toBe('quota');
    expect(refused?.retryAfterMs).toBeGreaterThan(0);
    stage.clock.advance(refused?.retryAfterMs ?? 0);
    stage.request(lims, {}, 4);
    expect(lims.peer.outcomes(4)).toEqual([]);
  });

  test('another connection of the same machine buys no further rate', () => {
    const rates = { messages: { perSecond: 1, burst: 1 }, bytes: { perSecond: 1e6, burst: 1e6 } };
    const stage = new RelayStage({ rates });
    stage.connectPrinter();
    const first = stage.connect(LIMS);
    stage.request(first);
    stage.disconnect(first);
    stage.relay.sweep();
    const second = stage.connect(LIMS);
    stage.request(second);
    expect(second.peer.outcomes().map(({ code }) => code)).toEqual(['quota']);
  });
});
