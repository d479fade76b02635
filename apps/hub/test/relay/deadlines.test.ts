import { decodeCancel, encodeExtend, FrameType, DEADLINE_MAX_MS } from '@qconn/protocol';
import { expect, test } from 'vitest';
import { LIMS, RelayStage, type Connected } from './relay-stage.ts';

function inFlight(acknowledged: boolean): { stage: RelayStage; lims: Connected; printer: Connected } {
  const stage = new RelayStage();
  const lims = stage.connect(LIMS);
  const printer = stage.connectPrinter();
  stage.request(lims, { resolutionMs: 1_000, jobMs: 5_000 });
  if (acknowledged) stage.ack(printer);
  return { stage, lims, printer };
}

function codes({ peer }: Connected): string[] {
  return peer.outcomes().map(({ code }) => code);
}

test.each([
  ['not_acknowledged', false, 1_000],
  ['deadline_exceeded', true, 5_000],
] as const)('the word that it is %s names the machine and the device', (code, acknowledged, ms) => {
  const { stage, lims } = inFlight(acknowledged);
  stage.clock.advance(ms);
  expect(lims.peer.outcomes()).toEqual([
    { code, reason: expect.stringMatching(/^printer\/zebra-1 /), retryAfterMs: 0 },
  ]);
});

test('a target that does not acknowledge within the resolution deadline is told to stop: not_acknowledged', () => {
  const { stage, lims, printer } = inFlight(false);
  stage.clock.advance(999);
  expect(codes(lims)).toEqual([]);
  stage.clock.advance(1);
  expect(codes(lims)).toEqual(['not_acknowledged']);
  expect(printer.peer.ofType(FrameType.Cancel)).toHaveLength(1);
  expect(stage.relay.size).toBe(0);
  // Too late.
  stage.ack(printer);
  stage.respond(printer);
  expect(codes(lims)).toEqual(['not_acknowledged']);
});

test('a job that does not end within the job deadline is told to stop: deadline_exceeded', () => {
  const { stage, lims, printer } = inFlight(true);
  stage.clock.advance(4_999);
  expect(codes(lims)).toEqual([]);
  stage.clock.advance(1);
  expect(codes(lims)).toEqual(['deadline_exceeded']);
  expect(printer.peer.ofType(FrameType.Cancel).map(decodeCancel)).toEqual(['deadline_exceeded']);
  expect(stage.relay.size).toBe(0);
});

test('the job deadline counts from the acknowledgement, not from the request', () => {
  const { stage, lims, printer } = inFlight(false);
  stage.clock.advance(900);
  stage.ack(printer);
  stage.clock.advance(4_999);
  expect(codes(lims)).toEqual([]);
});

test('an extension counts from when it comes', () => {
  const { stage, lims, printer } = inFlight(true);
  stage.clock.advance(4_000);
  stage.say(printer, (writer, id) => encodeExtend(writer, id, 10_000));
  stage.clock.advance(9_999);
  expect(codes(lims)).toEqual([]);
  stage.clock.advance(1);
  expect(codes(lims)).toEqual(['deadline_exceeded']);
});

test('extensions end a day after the acknowledgement', () => {
  const { stage, lims, printer } = inFlight(true);
  const hours = DEADLINE_MAX_MS / 3_600_000;
  stage.say(printer, (writer, id) => encodeExtend(writer, id, DEADLINE_MAX_MS));
  for (let hour = 1; hour < hours; hour++) {
    stage.clock.advance(3_600_000);
    stage.say(printer, (writer, id) => encodeExtend(writer, id, DEADLINE_MAX_MS));
  }
  expect(codes(lims)).toEqual([]);
  stage.clock.advance(3_600_000);
  expect(codes(lims)).toEqual(['deadline_exceeded']);
});

test('a provider that answers in time leaves no deadline behind', () => {
  const { stage, lims, printer } = inFlight(true);
  stage.respond(printer);
  stage.clock.advance(100_000);
  expect(codes(lims)).toEqual([]);
  expect(stage.ended).toEqual(['completed']);
  expect(stage.clock.pendingTimers).toBe(0);
});

test('many requests each keep their own deadline, whatever the order they came in', () => {
  const stage = new RelayStage({ inFlightPerMachine: 100 });
  const lims = stage.connect(LIMS);
  stage.connectPrinter();
  const order = [30, 10, 50, 20, 40];
  order.forEach((ms, at) => stage.request(lims, { resolutionMs: ms }, at + 1));
  for (let now = 10; now <= 50; now += 10) {
    stage.clock.advance(10);
    const over = order.flatMap((_, at) => (lims.peer.outcomes(at + 1).length > 0 ? [order[at] ?? 0] : []));
    expect(over.toSorted((a, b) => a - b)).toEqual([10, 20, 30, 40, 50].filter((ms) => ms <= now));
  }
  expect(stage.relay.size).toBe(0);
});
