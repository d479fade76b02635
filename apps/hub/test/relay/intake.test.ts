import {
  decodeCredit,
  encodeCancel,
  encodeRequest,
  encodeRequestAll,
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
const PER_SHORT_TURN = 16;
const AHEAD_PER_TURN = 64;
const IN_ALL = 4_096;
const LINE_MAX = 1_024;
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

function sendToAll(from: Connected, id: number): void {
  const { waitForTarget: _wait, inquiry: _inquiry, ...fields } = REQUEST;
  lend(encodeRequestAll(writer, id, { ...fields, limit: 256 }), (frame) => intake.take(from.session, frame));
}

/** Jobs that were begun, of the flooder and of others. */
function begunBy(): { own: number; others: number } {
  const jobs = printer.peer.jobs();
  const own = jobs.filter(({ from }) => from.fingerprint === LIMS).length;
  return { own, others: jobs.length - own };
}

/** The hub has read everything, so many milliseconds later, which ends its turn. @returns whether it is to have another at once */
function turn(ms = 1): boolean {
  stage.clock.advance(ms);
  return intake.serve();
}

/** Another machine that may submit. */
function connect(hostname: string): Connected {
  const fingerprint = `qc1${hostname}`;
  stage.setMachine({ fingerprint, status: 'authorized', hostname, labels: {}, roles: ['lims'] });
  return stage.connect(fingerprint);
}

/** What a machine was told that it may send. */
function credits({ peer }: Connected): number[] {
  return peer.ofType(FrameType.Credit).map((frame) => decodeCredit(frame).requests);
}

test('what an ordinary turn brings passes as it comes', () => {
  send(flooder, 1, PER_TURN);
  expect([printer.peer.jobs().length, intake.size, turn()]).toEqual([PER_TURN, 0, false]);
  send(flooder, 1_000, PER_TURN);
  expect(printer.peer.jobs()).toHaveLength(2 * PER_TURN);
});

test('what is more waits for the next turns, and all of it gets there in order', () => {
  send(flooder, 1, 2 * PER_TURN + 44);
  expect([printer.peer.jobs().length, intake.size]).toEqual([PER_TURN, PER_TURN + 44]);
  expect([turn(), turn(), turn()]).toEqual([true, true, false]);
  expect(intake.size).toBe(0);
  for (const { id } of printer.peer.jobs())
    stage.relay.fromProvider(printer.session, frameOf(encodeResponse(writer, id, { headers: NOTHING, body: NOTHING })));
  const answered = flooder.peer.ofType(FrameType.Response).map(({ id }) => id);
  expect(answered).toEqual(Array.from({ length: 2 * PER_TURN + 44 }, (_, index) => index + 1));
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

test('whoever has nothing in line need not wait for those who have, up to a few in each turn', () => {
  send(flooder, 1, 1_000);
  turn(0);
  const quiet = connect('quiet');
  const ofQuiet = (): number => printer.peer.jobs().filter(({ from }) => from.hostname === 'quiet').length;
  send(quiet, 1, 9);
  expect(ofQuiet()).toBe(8);
  // One of it is in line now, and the next stay behind that.
  send(quiet, 20, 2);
  expect(ofQuiet()).toBe(8);
  turn();
  expect(ofQuiet()).toBe(11);
  send(quiet, 30, 3);
  expect([ofQuiet(), intake.size > 0]).toEqual([14, true]);
});

test('those who have nothing in line do not keep those waiting who have', () => {
  send(flooder, 1, PER_TURN + 1_000);
  turn(0);
  const before = printer.peer.jobs().length;
  const others = Array.from({ length: 20 }, (_, index) => connect(`other-${index}`));
  for (const other of others) send(other, 1, 8);
  expect(printer.peer.jobs()).toHaveLength(before + AHEAD_PER_TURN);
  turn();
  const begun = printer.peer.jobs().slice(before);
  const own = begun.filter(({ from: { fingerprint } }) => fingerprint === LIMS).length;
  // Twelve of the others are in line now, and have their turns as it has; turns are short while they are about.
  expect([begun.length, own]).toEqual([AHEAD_PER_TURN + PER_SHORT_TURN, 2]);
  turn();
  expect(printer.peer.jobs()).toHaveLength(before + AHEAD_PER_TURN + 2 * PER_SHORT_TURN);
});

describe('a fan-out', () => {
  const TARGETS = 200;

  beforeEach(() => {
    for (let n = 1; n < TARGETS; n++) stage.sessions.provide(printer.session, `zebra-1${n}`, ['print']);
  });

  test('fills the turn as so many requests would: what follows waits for the next', () => {
    sendToAll(flooder, 1_000);
    send(flooder, 1);
    expect([turn(), begunBy().own]).toEqual([true, TARGETS]);
    turn();
    expect(begunBy().own).toBe(TARGETS + 1);
  });

  test('does not go ahead of those in line, and leaves others as many turns as it had targets', () => {
    send(connect('other'), 1, PER_TURN + 2 * TARGETS);
    sendToAll(flooder, 1_000);
    sendToAll(flooder, 2_000);
    expect(begunBy()).toEqual({ own: 0, others: PER_TURN });
    const before: number[] = [];
    for (let own = 0; turn(0);) {
      if (begunBy().own > own) before.push(begunBy().others);
      ({ own } = begunBy());
    }
    const [first = 0, second = 0] = before;
    expect([before.length, first <= PER_TURN + 2, second - first >= TARGETS - 1]).toEqual([2, true, true]);
  });
});

test('a cancel for which there is no room in line takes its request out of that', () => {
  send(flooder, 1, PER_TURN + LINE_MAX);
  for (const id of [5, PER_TURN + 7])
    lend(encodeCancel(writer, id, 'cancelled'), (frame) => intake.take(flooder.session, frame));
  expect(intake.size).toBe(LINE_MAX - 1);
  expect(printer.peer.ofType(FrameType.Cancel)).toHaveLength(1);
  while (turn(0));
  expect(printer.peer.jobs()).toHaveLength(PER_TURN + LINE_MAX - 1);
});

describe('whoever waits in line for over 10 ms', () => {
  test('is told how much it may send, less the longer it has to wait, but never under 256 if it is alone', () => {
    let id = 1;
    send(flooder, id, PER_TURN + 900);
    for (let ms = 0; ms < 500; ms += 4) {
      const before = printer.peer.jobs().length;
      turn(4);
      send(flooder, (id += 1_100), printer.peer.jobs().length - before);
    }
    const told = credits(flooder);
    expect(told.length).toBeGreaterThan(0);
    expect(told.every((credit) => credit >= 256 && credit < 1_024)).toBe(true);
    // Of ten milliseconds, in which 32 are begun each.
    expect(told.at(-1)).toBeGreaterThanOrEqual(0.8 * 32 * 10);
    expect(told.at(-1)).toBeLessThanOrEqual(1.3 * 32 * 10);
  });

  test('is not told anything when it is the hub that was held up once', () => {
    send(flooder, 1, PER_TURN + 256);
    turn(0);
    turn(300);
    expect([credits(flooder), flooder.peer.ofType(FrameType.Outcome), intake.size]).toEqual([[], [], 256 - PER_TURN]);
  });

  test('has what is later than 50 ms refused, but for a share of 256', () => {
    send(flooder, 1, PER_TURN + 1_000);
    turn(0);
    turn(51);
    expect(flooder.peer.outcomes(PER_TURN + 1)).toEqual([]);
    expect(flooder.peer.outcomes(PER_TURN + 2)).toMatchObject([{ code: 'quota', retryAfterMs: 100 }]);
    // Refusing takes an eighth of what beginning takes, and time as well.
    const refused = 1_000 - 1 - 256;
    const begun = PER_TURN - 1 - Math.floor(refused / 8);
    expect([stage.refused.length, intake.size]).toEqual([refused, 256 - begun]);
    while (intake.size > 0) turn();
    expect(stage.refused).toHaveLength(refused);
    expect(printer.peer.jobs()).toHaveLength(PER_TURN + 1 + 256);
  });
});

describe('what has no room in the line', () => {
  test('is refused at once, unread, and its machine told what it may send; after 32 of them nothing more is read from it in this turn', () => {
    const unread = { type: FrameType.Request, flags: 0, control: new Uint8Array(0), body: new Uint8Array(0) };
    send(flooder, 1, PER_TURN + 1_024);
    for (let id = 9_001; id < 9_032; id += 1) intake.take(flooder.session, { ...unread, id });
    expect(flooder.peer.heldBack).toBe(false);
    intake.take(flooder.session, { ...unread, id: 9_032 });
    expect(flooder.peer.heldBack).toBe(true);
    expect(flooder.peer.outcomes(9_001)).toMatchObject([{ code: 'quota', retryAfterMs: 100 }]);
    expect([flooder.peer.outcomes(9_032).length, stage.refused.length, flooder.peer.closed]).toEqual([
      1,
      32,
      undefined,
    ]);
    turn();
    expect(flooder.peer.heldBack).toBe(false);
  });

  test('is what is over the share of a machine, once there is as much as the hub gets done in time', () => {
    const machines = Array.from({ length: 8 }, (_, index) => connect(`flooder-${index}`));
    send(machines[0] as Connected, 1, PER_TURN);
    // All but the first have eight begun ahead of what is in line.
    for (const [index, machine] of machines.entries())
      send(machine, 1_000, IN_ALL / machines.length + (index === 0 ? 0 : 8));
    expect([intake.size, stage.refused.length]).toEqual([IN_ALL, 0]);
    for (const machine of machines) send(machine, 3_000);
    const late = connect('late');
    send(late, 1, 2);
    expect([intake.size, stage.refused.length]).toEqual([IN_ALL, machines.length]);
    expect([...machines, late].map((machine) => credits(machine))).toEqual([...machines.map(() => [512]), []]);
  });

  test('leaves with its machine', () => {
    send(flooder, 1, PER_TURN + 1_024 + 40);
    intake.lost(flooder.session);
    stage.disconnect(flooder);
    expect([turn(), intake.size]).toEqual([false, 0]);
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
