import { encodeProgress, FrameType } from '@qconn/protocol';
import { expect, test } from 'vitest';
import { LIMS, RelayStage } from './relay-stage.ts';

test('a sender that does not keep up is spared progress, and still gets its answer', () => {
  const stage = new RelayStage({ bufferedBytesPerMachine: 1_000 });
  const lims = stage.connect(LIMS);
  const printer = stage.connectPrinter();
  const report = (): void =>
    stage.say(printer, (writer, id) => encodeProgress(writer, id, { body: Uint8Array.of(1), json: false }));
  stage.request(lims);
  stage.ack(printer);
  report();
  lims.peer.bufferedBytes = 1_001;
  report();
  lims.peer.bufferedBytes = 1_000;
  report();
  lims.peer.bufferedBytes = 1_001;
  stage.respond(printer);
  expect(lims.peer.ofType(FrameType.Progress)).toHaveLength(2);
  expect(lims.peer.ofType(FrameType.Response)).toHaveLength(1);
});
