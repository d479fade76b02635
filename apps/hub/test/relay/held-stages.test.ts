import { encodeProgress, FrameType } from '@qconn/protocol';
import { expect, test } from 'vitest';
import { LIMS, RelayStage, type Connected } from './relay-stage.ts';

const HOLD_MS = 5;
const ALL = ['accepted', 'resolved', 'forwarded', 'acknowledged', 'completed'];

function begun(): { readonly stage: RelayStage; readonly lims: Connected; readonly printer: Connected } {
  const stage = new RelayStage({ stageHoldMs: HOLD_MS });
  const lims = stage.connect(LIMS);
  const printer = stage.connectPrinter();
  stage.request(lims);
  return { stage, lims, printer };
}

test('an exchange that is over within the hold is told of in one frame', () => {
  const { stage, lims, printer } = begun();
  stage.clock.advance(1);
  stage.ack(printer);
  stage.clock.advance(HOLD_MS - 2);
  expect(lims.peer.frames).toHaveLength(0);
  stage.respond(printer);
  expect(lims.peer.frames.map(({ type }) => type)).toEqual([FrameType.Response]);
  expect(lims.peer.stages()).toEqual(ALL);
  stage.clock.advance(HOLD_MS);
  expect(lims.peer.frames).toHaveLength(1);
});

test('whatever is not over by then is told of as far as it has come', () => {
  const { stage, lims, printer } = begun();
  stage.clock.advance(HOLD_MS);
  expect(lims.peer.stages()).toEqual(ALL.slice(0, 3));
  stage.ack(printer);
  stage.clock.advance(HOLD_MS);
  expect(lims.peer.stages()).toEqual(ALL.slice(0, 4));
  stage.respond(printer);
  expect(lims.peer.stages()).toEqual(ALL);
});

test('progress does not overtake the stages before it', () => {
  const { stage, lims, printer } = begun();
  stage.ack(printer);
  stage.say(printer, (writer, id) => encodeProgress(writer, id, { body: Uint8Array.of(1), json: false }));
  expect(lims.peer.frames.map(({ type }) => type)).toEqual([FrameType.Stages, FrameType.Progress]);
  expect(lims.peer.stages()).toEqual(ALL.slice(0, 4));
});

test('a failure tells of the stages before it', () => {
  const { stage, lims } = begun();
  stage.cancel(lims);
  expect(lims.peer.stages()).toEqual(['accepted', 'resolved', 'forwarded', 'failed']);
  expect(lims.peer.outcomes()).toMatchObject([{ code: 'cancelled' }]);
});

test('what is held for a sender that is gone goes nowhere, and no timer stays', () => {
  const { stage, lims } = begun();
  stage.disconnect(lims);
  stage.clock.advance(HOLD_MS);
  expect(lims.peer.frames).toHaveLength(0);
  stage.relay.close();
  expect(stage.clock.pendingTimers).toBe(0);
});
