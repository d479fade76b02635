import { decodeTargets, encodeResponse, FrameType } from '@qconn/protocol';
import { expect, test } from 'vitest';
import { LIMS, machine, RelayStage, type Connected } from './relay-stage.ts';

const NO_BYTES = new Uint8Array(0);

/** A sender and so many machines that provide `print`. */
function fleet(count: number, inFlightPerMachine = 64): { stage: RelayStage; lims: Connected; printers: Connected[] } {
  const stage = new RelayStage({ inFlightPerMachine });
  const printers = Array.from({ length: count }, (_, n) => {
    stage.setMachine({ ...machine(`qc1p${n}`, 'printer'), hostname: `p${n}` });
    const printer = stage.connect(`qc1p${n}`);
    stage.relay.provided(stage.sessions.provide(printer.session, 'zebra', ['print']));
    return printer;
  });
  return { stage, lims: stage.connect(LIMS), printers };
}

function targets({ peer }: Connected): unknown {
  return peer.ofType(FrameType.Targets).map((frame) => ({ id: frame.id, ...decodeTargets(frame) }));
}

test('each provider gets an exchange of its own, under the ids behind that of the request', () => {
  const { stage, lims, printers } = fleet(3);
  stage.requestAll(lims, { body: Uint8Array.of(1) }, 10);
  expect(targets(lims)).toEqual([{ id: 10, count: 3, more: false }]);
  expect(printers.map(({ peer }) => peer.jobs().length)).toEqual([1, 1, 1]);
  for (const printer of printers) stage.respond(printer, Uint8Array.of(2));
  for (const id of [11, 12, 13])
    expect(lims.peer.stages(id)).toEqual(['accepted', 'resolved', 'forwarded', 'acknowledged', 'completed']);
  expect([stage.ended, stage.relay.size]).toEqual([['completed', 'completed', 'completed'], 0]);
});

test('each target fares for itself: answered, too slow to take it, cancelled, late', () => {
  const { stage, lims, printers } = fleet(4);
  const [answers, slow] = printers as [Connected, Connected];
  slow.peer.bufferedBytes = 1_001;
  stage.requestAll(lims, {}, 10);
  const idOf = ({ session }: Connected): number =>
    [11, 12, 13, 14].find((id) => stagesTarget(lims, id) === session.fingerprint) ?? 0;
  stage.respond(answers);
  expect(lims.peer.outcomes(idOf(slow))).toMatchObject([{ code: 'busy' }]);
  stage.cancel(lims, 'cancelled', idOf(printers[2] as Connected));
  stage.ack(printers[3] as Connected);
  stage.clock.advance(30_000);
  expect(lims.peer.outcomes(idOf(printers[3] as Connected))).toMatchObject([{ code: 'deadline_exceeded' }]);
  expect(stage.ended.toSorted()).toEqual(['busy', 'cancelled', 'completed', 'deadline_exceeded']);
  expect(stage.relay.size).toBe(0);
});

test('the limit holds, and the sender learns that there were more', () => {
  const { stage, lims, printers } = fleet(5);
  stage.requestAll(lims, { limit: 2 });
  expect(targets(lims)).toEqual([{ id: 1, count: 2, more: true }]);
  expect(printers.filter(({ peer }) => peer.jobs().length === 1)).toHaveLength(2);
});

test('without a target, or without room for all of them, it is refused as a whole', () => {
  const { stage, lims } = fleet(3, 2);
  stage.requestAll(lims, { address: { serviceType: 'scan' } }, 1);
  stage.requestAll(lims, { address: { serviceType: 'scale' } }, 10);
  stage.requestAll(lims, {}, 20);
  expect([1, 10, 20].map((id) => lims.peer.outcomes(id)[0])).toMatchObject([
    { code: 'not_found' },
    { code: 'forbidden' },
    { code: 'quota', retryAfterMs: 100 },
  ]);
  expect([stage.refused, stage.relay.size]).toEqual([['not_found', 'forbidden', 'quota'], 0]);
});

test('every target counts in the rate: who has asked many waits longer', () => {
  const { stage, lims } = fleet(3);
  for (let id = 1; id <= 33 * 4; id += 4) {
    stage.requestAll(lims, { limit: 3 }, id);
    for (const member of [1, 2, 3]) stage.cancel(lims, 'cancelled', id + member);
  }
  stage.requestAll(lims, {}, 1_000);
  stage.requestAll(lims, {}, 2_000);
  // 100 at once were allowed: 99, and one more for which two are owed.
  expect(lims.peer.outcomes(1_000)).toEqual([]);
  expect(lims.peer.outcomes(2_000)).toMatchObject([{ code: 'quota', retryAfterMs: 30 }]);
});

test('a request id that is in flight, or ids that would run out, break the protocol', () => {
  const { stage, lims } = fleet(2);
  stage.request(lims, {}, 12);
  expect(() => stage.requestAll(lims, {}, 10)).toThrow(/Request 12 is in flight/);
  expect(() => stage.requestAll(lims, {}, Number.MAX_SAFE_INTEGER)).toThrow(/no room/);
});

test('a sender that is gone leaves nothing but running jobs', () => {
  const { stage, lims, printers } = fleet(3);
  stage.requestAll(lims);
  stage.disconnect(lims);
  for (const printer of printers)
    stage.say(printer, (to, id) => encodeResponse(to, id, { headers: NO_BYTES, body: NO_BYTES }));
  expect(stage.relay.size).toBe(0);
});

function stagesTarget({ peer }: Connected, id: number): string | undefined {
  return peer.reports(id).find(({ stage }) => stage === 'resolved')?.target?.fingerprint;
}
