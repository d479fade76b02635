import { expect, test } from 'vitest';
import { LIMS, RelayStage } from '../relay/relay-stage.ts';

test('bodies are counted as they are written to their receivers', () => {
  const stage = new RelayStage();
  const printer = stage.connectPrinter();
  const lims = stage.connect(LIMS);
  stage.request(lims, { body: new Uint8Array(7) });
  expect(stage.relayedBytes).toEqual({ request: 7, response: 0 });
  stage.ack(printer);
  stage.respond(printer, new Uint8Array(11));
  expect(stage.relayedBytes).toEqual({ request: 7, response: 11 });
});

test('a body that has no receiver is not counted', () => {
  const stage = new RelayStage();
  const lims = stage.connect(LIMS);
  stage.request(lims, { body: new Uint8Array(7) });
  expect(stage.relayedBytes.request).toBe(0);
});

test('who is past its number of exchanges, or comes to a hub that drains, is counted as refused', () => {
  const stage = new RelayStage({ inFlightPerMachine: 1 });
  stage.connectPrinter();
  const lims = stage.connect(LIMS);
  stage.request(lims, {}, 1);
  stage.request(lims, {}, 2);
  expect(stage.relay.draining).toBe(false);
  stage.relay.drain();
  expect(stage.relay.draining).toBe(true);
  stage.request(lims, {}, 3);
  expect(stage.refused).toEqual(['quota', 'hub_draining']);
});
