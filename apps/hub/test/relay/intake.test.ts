import {
  encodeCancel,
  encodeRequest,
  encodeResponse,
  FrameType,
  laneOf,
  LANES_PER_CONNECTION,
  PackedWriter,
} from '@qconn/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { Intake } from '../../src/relay/intake.ts';
import { frameOf, lend, LIMS, RelayStage, REQUEST, type Connected } from './relay-stage.ts';

const PER_TURN = 128;
const PER_FULL_TURN = 16;
const ENOUGH = { messages: { perSecond: 1e6, burst: 1e6 }, bytes: { perSecond: 1e9, burst: 1e9 } };
const NOTHING = new Uint8Array(0);
const writer = new PackedWriter();

let stage: RelayStage;
let intake: Intake;
let flooder: Connected;
let printer: Connected;

beforeEach(() => {
  stage = new RelayStage({ inFlightPerMachine: 10_000, rates: ENOUGH });
  intake = new Intake({ clock: stage.clock, relay: stage.relay, memory: stage.memory });
  flooder = stage.connect(LIMS);
  printer = stage.connectPrinter();
});

function send(from: Connected, first: number, count = 1): void {
  for (let id = first; id < first + count; id++)
    lend(encodeRequest(writer, id, REQUEST), (frame) => intake.take(from.session, frame));
}

/** The hub has read everything, so many milliseconds later, which ends its turn. @returns whether it is to have another at once */
function turn(ms = 1, more = false): boolean {
  stage.clock.advance(ms);
  return intake.serve(more);
}

test('what an ordinary turn brings passes as it comes', () => {
  send(flooder, 1, PER_TURN);
  expect([printer.peer.jobs().length, intake.size, turn()]).toEqual([PER_TURN, 0, false]);
  send(flooder, 1_000, PER_TURN);
  expect(printer.peer.jobs()).toHaveLength(2 * PER_TURN);
});

test('what is more waits for the next turns, and all of it gets there in order', () => {
  send(flooder, 1, 300);
  expect([printer.peer.jobs().length, intake.size]).toEqual([PER_TURN, 300 - PER_TURN]);
  expect([turn(), turn(), turn()]).toEqual([true, true, false]);
  expect(intake.size).toBe(0);
  for (const { id } of printer.peer.jobs())
    stage.relay.fromProvider(printer.session, frameOf(encodeResponse(writer, id, { headers: NOTHING, body: NOTHING })));
  const answered = flooder.peer.ofType(FrameType.Response).map(({ id }) => id);
  expect(answered).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
});

test('what is begun in one turn shares a lane to its provider, and the next turn has the next lane', () => {
  const lanes = [1, 2, 3, 4, 5].map((nth) => {
    send(flooder, nth * 10, 3);
    turn();
    return printer.peer
      .jobs()
      .slice(-3)
      .map(({ id }) => laneOf(id, LANES_PER_CONNECTION));
  });
  expect(lanes).toEqual([0, 1, 2, 3, 0].map((lane) => [lane, lane, lane]));
});

test('while more arrives than is read, little is begun', () => {
  turn(1, true);
  send(flooder, 1, 100);
  expect(printer.peer.jobs()).toHaveLength(PER_FULL_TURN);
  expect(turn(1, true)).toBe(true);
  expect(printer.peer.jobs()).toHaveLength(PER_FULL_TURN);
  expect(turn(1, true)).toBe(true);
  expect(printer.peer.jobs()).toHaveLength(2 * PER_FULL_TURN);
  turn();
  expect(printer.peer.jobs()).toHaveLength(100);
});

test('whoever sends little is in line behind one request of whoever sends much', () => {
  send(flooder, 1, 1_000);
  const quiet = stage.connect('qc1quiet');
  stage.setMachine({ fingerprint: 'qc1quiet', status: 'authorized', hostname: 'quiet', labels: {}, roles: ['lims'] });
  send(quiet, 1);
  turn();
  turn();
  const from = printer.peer.jobs().map((job) => job.from.fingerprint);
  expect(from.indexOf('qc1quiet')).toBe(PER_TURN + 1);
});

describe('too much in line', () => {
  test('of one machine is refused at once, unread, with the time to come again', () => {
    send(flooder, 1, PER_TURN + 1_024);
    intake.take(flooder.session, {
      type: FrameType.Request,
      flags: 0,
      id: 9_999,
      control: new Uint8Array(0),
      body: new Uint8Array(0),
    });
    expect(flooder.peer.outcomes(9_999)).toMatchObject([{ code: 'quota', retryAfterMs: 100 }]);
    expect(stage.refused).toEqual(['quota']);
  });

  test('is also what has waited for over 10 ms', () => {
    send(flooder, 1, PER_TURN + 257);
    stage.clock.advance(11);
    send(flooder, 5_000);
    expect(flooder.peer.outcomes(5_000)).toHaveLength(1);
    turn();
    turn();
    send(flooder, 5_001);
    expect(flooder.peer.outcomes(5_001)).toEqual([]);
  });
});

test('a Cancel stays behind the request that it is about', () => {
  send(flooder, 1, PER_TURN + 1);
  intake.take(flooder.session, frameOf(encodeCancel(writer, PER_TURN + 1, 'cancelled')));
  expect(flooder.peer.outcomes(PER_TURN + 1)).toEqual([]);
  turn();
  turn();
  expect(flooder.peer.outcomes(PER_TURN + 1)).toMatchObject([{ code: 'cancelled' }]);
});

test('what a machine has in line goes with its session', () => {
  send(flooder, 1, 600);
  intake.lost(flooder.session);
  stage.disconnect(flooder);
  turn();
  expect([intake.size, printer.peer.jobs().length]).toEqual([0, PER_TURN]);
});

test('a malformed request closes its own session, also when it had to wait, and hurts nobody behind it', () => {
  send(flooder, 1, PER_TURN);
  const hostile = stage.connect('qc1hostile');
  intake.take(hostile.session, {
    type: FrameType.Request,
    flags: 0,
    id: 1,
    control: new Uint8Array(1),
    body: new Uint8Array(0),
  });
  send(flooder, 5_000);
  turn();
  turn();
  expect([hostile.peer.closed, printer.peer.jobs().length]).toEqual(['bad_frame', PER_TURN + 1]);
});
