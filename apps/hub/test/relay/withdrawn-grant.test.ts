import { encodeExtend, encodeProgress, FrameType } from '@qconn/protocol';
import { expect, test } from 'vitest';
import { LIMS, machine, PRINTER, RelayStage, type Connected } from './relay-stage.ts';

/** A job under way, with the right of one side withdrawn meanwhile. */
function withdrawn(from: string, acknowledged: boolean): { stage: RelayStage; lims: Connected; printer: Connected } {
  const stage = new RelayStage();
  const lims = stage.connect(LIMS);
  const printer = stage.connectPrinter();
  stage.request(lims, { resolutionMs: 10_000, jobMs: 30_000 });
  if (acknowledged) stage.ack(printer);
  stage.setMachine(machine(from, 'nobody'));
  return { stage, lims, printer };
}

for (const side of [LIMS, PRINTER]) {
  test(`what was handed over before ${side} lost its right ends as it would have: the provider holds it already`, () => {
    const { stage, lims, printer } = withdrawn(side, false);
    stage.ack(printer);
    stage.say(printer, (writer, id) => encodeProgress(writer, id, { body: new Uint8Array(1), json: false }));
    stage.respond(printer);
    expect(lims.peer.ofType(FrameType.Progress)).toHaveLength(1);
    expect(stage.ended).toEqual(['completed']);
  });

  test(`it gets no more time than it had when ${side} lost its right`, () => {
    const { stage, lims, printer } = withdrawn(side, true);
    stage.clock.advance(29_000);
    stage.say(printer, (writer, id) => encodeExtend(writer, id, 60_000));
    stage.clock.advance(1_000);
    expect(lims.peer.outcomes().map(({ code }) => code)).toEqual(['deadline_exceeded']);
    expect(printer.peer.ofType(FrameType.Cancel)).toHaveLength(1);
  });

  test(`the next request is refused at once after ${side} lost its right`, () => {
    const { stage, lims } = withdrawn(side, true);
    stage.request(lims, {}, 2);
    expect(lims.peer.outcomes(2).map(({ code }) => code)).toEqual(['forbidden']);
  });
}

test('who has the right again before it asks for more time gets it', () => {
  const { stage, lims, printer } = withdrawn(LIMS, true);
  stage.setMachine(machine(LIMS, 'lims'));
  stage.say(printer, (writer, id) => encodeExtend(writer, id, 60_000));
  stage.clock.advance(59_000);
  expect(lims.peer.outcomes()).toEqual([]);
});
