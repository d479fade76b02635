import { decodeCancel, encodeOutcome, FrameType, type Request } from '@qconn/protocol';
import { describe, expect, test } from 'vitest';
import { LIMS, machine, PRINTER, RelayStage, type Connected } from './relay-stage.ts';

function inFlight(acknowledged: boolean): { stage: RelayStage; lims: Connected; printer: Connected } {
  const stage = new RelayStage();
  const lims = stage.connect(LIMS);
  const printer = stage.connectPrinter();
  stage.request(lims, { resolutionMs: 10_000, jobMs: 30_000 });
  if (acknowledged) stage.ack(printer);
  return { stage, lims, printer };
}

function codes({ peer }: Connected, requestId?: number): string[] {
  return peer.outcomes(requestId).map(({ code }) => code);
}

describe('a target that is lost before it acknowledged', () => {
  test('gets the job again when it is back with the device, flagged, and its answer counts', () => {
    const { stage, lims, printer } = inFlight(false);
    stage.disconnect(printer);
    expect(codes(lims)).toEqual([]);
    const back = stage.connectPrinter();
    const [again] = back.peer.jobs();
    expect(again).toMatchObject({ redelivered: true, device: 'zebra-1', id: printer.peer.jobs()[0]?.id });
    stage.ack(back);
    stage.respond(back);
    expect(stage.ended).toEqual(['completed']);
    expect(lims.peer.stages()).toEqual(['accepted', 'resolved', 'forwarded', 'acknowledged', 'completed']);
  });

  test('is waited for until the resolution deadline and no longer', () => {
    const { stage, lims, printer } = inFlight(false);
    stage.disconnect(printer);
    stage.clock.advance(10_000);
    expect(codes(lims)).toEqual(['not_acknowledged']);
    expect(stage.connectPrinter().peer.jobs()).toEqual([]);
  });

  test('gets it only for the same device with the same service type', () => {
    const { stage, printer } = inFlight(false);
    stage.disconnect(printer);
    expect(stage.connectPrinter('zebra-2').peer.jobs()).toEqual([]);
    expect(stage.connectPrinter('zebra-1', ['scan']).peer.jobs()).toEqual([]);
    expect(stage.connectPrinter('zebra-1').peer.jobs()).toHaveLength(1);
  });

  test('does not get it when the sender has lost the right meanwhile', () => {
    const { stage, lims, printer } = inFlight(false);
    stage.disconnect(printer);
    stage.setMachine(machine(LIMS, 'nobody'));
    expect(stage.connectPrinter().peer.jobs()).toEqual([]);
    stage.clock.advance(10_000);
    expect(codes(lims)).toEqual(['not_acknowledged']);
  });

  test('and refuses the second time: nobody calls that safe to retry, for the first may have run', () => {
    const { stage, lims, printer } = inFlight(false);
    stage.disconnect(printer);
    const back = stage.connectPrinter();
    stage.say(back, (writer, id) => encodeOutcome(writer, id, { code: 'busy', reason: 'full', retryAfterMs: 0 }));
    expect(codes(lims)).toEqual(['not_acknowledged']);
  });

  test('has its old session’s late answers ignored once the job was sent again', () => {
    const { stage, printer } = inFlight(false);
    stage.disconnect(printer);
    const back = stage.connectPrinter();
    stage.respond({ session: printer.session, peer: back.peer });
    expect(stage.ended).toEqual([]);
    expect(stage.relay.size).toBe(1);
  });
});

describe('a target whose program has restarted before it acknowledged', () => {
  const restarted = { instance: 'second run' };

  test('does not get the job again, for it may have run: not_acknowledged, and why', () => {
    const { stage, lims, printer } = inFlight(false);
    stage.disconnect(printer);
    expect(stage.connectPrinter('zebra-1', ['print'], restarted).peer.jobs()).toEqual([]);
    expect(lims.peer.outcomes()).toMatchObject([
      { code: 'not_acknowledged', reason: expect.stringContaining('printer has restarted') },
    ]);
    expect(stage.relay.size).toBe(0);
  });

  test('gets it when the job has a key and the program remembers jobs over restarts', () => {
    const stage = new RelayStage();
    const lims = stage.connect(LIMS);
    const printer = stage.connectPrinter();
    stage.request(lims, { idempotencyKey: 'order-1' });
    stage.disconnect(printer);
    const back = stage.connectPrinter('zebra-1', ['print'], { ...restarted, remembersJobs: true });
    expect(back.peer.jobs()).toMatchObject([{ redelivered: true, idempotencyKey: 'order-1' }]);
  });

  test('does not get it when the job has no key, whatever the program remembers', () => {
    const { stage, lims, printer } = inFlight(false);
    stage.disconnect(printer);
    const back = stage.connectPrinter('zebra-1', ['print'], { ...restarted, remembersJobs: true });
    expect([back.peer.jobs(), codes(lims)]).toEqual([[], ['not_acknowledged']]);
  });
});

describe('a job that a sender asks for again, under its key, after its connection was lost', () => {
  const key = 'order-1';
  const again = (): { stage: RelayStage; back: Connected; printer: Connected; cancelled: () => number[] } => {
    const stage = new RelayStage();
    const lims = stage.connect(LIMS);
    const printer = stage.connectPrinter();
    stage.request(lims, { idempotencyKey: key });
    stage.ack(printer);
    stage.disconnect(lims);
    const cancelled = (): number[] => printer.peer.ofType(FrameType.Cancel).map(({ id }) => id);
    return { stage, back: stage.connect(LIMS), printer, cancelled };
  };

  test('is stopped when it gives up on it then: nobody waits for the first exchange', () => {
    const { stage, back, printer, cancelled } = again();
    stage.request(back, { idempotencyKey: key }, 7);
    stage.cancel(back, 'cancelled', 7);
    const [first, second] = printer.peer.jobs();
    expect(cancelled()).toEqual([second?.id, first?.id]);
    expect([codes(back, 7), stage.ended.toSorted(), stage.relay.size]).toEqual([
      ['cancelled'],
      ['cancelled', 'sender_lost'],
      0,
    ]);
  });

  test.each<[string, Partial<Request>]>([
    ['another key', { idempotencyKey: 'order-2' }],
    ['no key', { idempotencyKey: undefined }],
    ['an inquiry', { idempotencyKey: key, inquiry: true }],
    ['another device', { idempotencyKey: key, address: { serviceType: 'print', device: 'zebra-2' } }],
  ])('runs on when it gives up on something else: %s', (_what, request) => {
    const { stage, back, printer, cancelled } = again();
    stage.relay.provided(stage.sessions.provide(printer.session, 'zebra-2', ['print']));
    stage.request(back, { address: { serviceType: 'print', device: 'zebra-1' }, ...request }, 7);
    stage.cancel(back, 'cancelled', 7);
    expect(cancelled()).toEqual([printer.peer.jobs().at(-1)?.id]);
  });
});

test('a target that is lost after it acknowledged: target_lost, and nothing is sent again', () => {
  const { stage, lims, printer } = inFlight(true);
  stage.disconnect(printer);
  expect(codes(lims)).toEqual(['target_lost']);
  expect(stage.connectPrinter().peer.jobs()).toEqual([]);
  expect(stage.relay.size).toBe(0);
});

describe('a machine that is revoked after it has gone', () => {
  test('has the job that runs on for it stopped', () => {
    const { stage, lims, printer } = inFlight(true);
    stage.disconnect(lims);
    stage.relay.sweepRevoked('all', (fingerprint) => fingerprint === LIMS);
    expect(printer.peer.ofType(FrameType.Cancel)).toHaveLength(1);
    expect(stage.relay.size).toBe(0);
  });

  test('is waited for no longer', () => {
    const { stage, lims, printer } = inFlight(false);
    stage.disconnect(printer);
    stage.relay.sweepRevoked('all', (fingerprint) => fingerprint === PRINTER);
    expect(codes(lims)).toEqual(['not_acknowledged']);
    expect(stage.relay.size).toBe(0);
  });

  test('costs nothing where nothing of it has changed', () => {
    const { stage, lims, printer } = inFlight(false);
    stage.disconnect(printer);
    const asked: string[] = [];
    const isRevoked = (fingerprint: string): boolean => (asked.push(fingerprint), true);
    stage.relay.sweepRevoked([LIMS], isRevoked);
    expect([asked, codes(lims)]).toEqual([[LIMS], []]);
    stage.relay.sweepRevoked([PRINTER], isRevoked);
    expect(codes(lims)).toEqual(['not_acknowledged']);
  });

  test('leaves what others have in flight alone', () => {
    const { stage, lims } = inFlight(true);
    stage.relay.sweepRevoked('all', () => true);
    expect(codes(lims)).toEqual([]);
    expect(stage.relay.size).toBe(1);
  });
});

describe('a sender that is lost', () => {
  test('leaves the job to run; its answer goes nowhere and nothing is kept', () => {
    const { stage, lims, printer } = inFlight(true);
    stage.disconnect(lims);
    expect(printer.peer.ofType(FrameType.Cancel)).toEqual([]);
    expect(stage.relay.size).toBe(1);
    const back = stage.connect(LIMS);
    stage.respond(printer);
    expect(stage.relay.size).toBe(0);
    expect(back.peer.frames).toEqual([]);
    expect(stage.ended).toEqual(['sender_lost']);
  });

  test('has a job that never ends swept at its deadline, with a word to the provider', () => {
    for (const acknowledged of [true, false]) {
      const { stage, lims, printer } = inFlight(acknowledged);
      stage.disconnect(lims);
      stage.clock.advance(30_000);
      expect(stage.relay.size).toBe(0);
      expect(printer.peer.ofType(FrameType.Cancel)).toHaveLength(1);
    }
  });

  test('still pays for what it left behind', () => {
    const stage = new RelayStage({ inFlightPerMachine: 1 });
    stage.connectPrinter();
    const lims = stage.connect(LIMS);
    stage.request(lims);
    stage.disconnect(lims);
    const back = stage.connect(LIMS);
    stage.request(back);
    expect(codes(back)).toEqual(['quota']);
  });
});

describe('revocation', () => {
  test('of the sender stops the provider', () => {
    for (const acknowledged of [true, false]) {
      const { stage, lims, printer } = inFlight(acknowledged);
      stage.disconnect(lims, true);
      expect(printer.peer.ofType(FrameType.Cancel).map(decodeCancel)).toEqual(['revoked']);
      expect(stage.relay.size).toBe(0);
    }
  });

  test('of the target is told at once: nobody waits for it to come back', () => {
    for (const [acknowledged, code] of [
      [false, 'not_acknowledged'],
      [true, 'target_lost'],
    ] as const) {
      const { stage, lims, printer } = inFlight(acknowledged);
      stage.disconnect(printer, true);
      expect(codes(lims)).toEqual([code]);
      expect(stage.relay.size).toBe(0);
    }
  });

  test('of a target that was lost before and is back ends what still waited for it', () => {
    const { stage, lims, printer } = inFlight(false);
    stage.disconnect(printer);
    const back = stage.connect(PRINTER);
    stage.disconnect(back, true);
    expect(codes(lims)).toEqual(['not_acknowledged']);
  });
});

describe('a hub that stops', () => {
  test('takes no new requests and lets those that run finish', () => {
    const { stage, lims, printer } = inFlight(true);
    stage.relay.drain();
    stage.request(lims, {}, 2);
    expect(lims.peer.outcomes(2).map(({ code }) => code)).toEqual(['hub_draining']);
    stage.respond(printer);
    expect(stage.ended).toEqual(['completed']);
  });

  test('gives back at once what waits for a machine that is away', () => {
    const { stage, lims, printer } = inFlight(false);
    stage.disconnect(printer);
    stage.relay.drain();
    expect(codes(lims)).toEqual(['not_acknowledged']);
  });

  test('tells every sender the truth when its time is over', () => {
    for (const [acknowledged, code] of [
      [false, 'not_acknowledged'],
      [true, 'target_lost'],
    ] as const) {
      const { stage, lims } = inFlight(acknowledged);
      stage.relay.drain();
      stage.relay.close();
      expect(codes(lims)).toEqual([code]);
      expect(stage.relay.size).toBe(0);
      expect(stage.clock.pendingTimers).toBe(0);
    }
  });
});
