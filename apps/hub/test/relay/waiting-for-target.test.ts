import { BODY_MAX_BYTES } from '@qconn/protocol';
import { expect, test } from 'vitest';
import { LIMS, machine, PRINTER, RelayStage, type Connected } from './relay-stage.ts';

const TO_PRINTER = { address: { serviceType: 'print', machine: 'printer' }, waitForTarget: true };

function codes({ peer }: Connected, id = 1): string[] {
  return peer.outcomes(id).map(({ code }) => code);
}

test.each([
  ['its machine', { serviceType: 'print', machine: 'printer' }],
  ['its machine by fingerprint', { serviceType: 'print', machine: PRINTER }],
  ['its device', { serviceType: 'print', machine: 'printer', device: 'zebra-1' }],
  ['any provider', { serviceType: 'print' }],
])('a request that may wait is forwarded once %s appears', (_what, address) => {
  const stage = new RelayStage();
  const lims = stage.connect(LIMS);
  stage.request(lims, { address, waitForTarget: true });
  expect([lims.peer.stages(), codes(lims)]).toEqual([['accepted'], []]);
  const printer = stage.connectPrinter();
  expect(printer.peer.jobs()).toMatchObject([{ redelivered: false, device: 'zebra-1' }]);
  stage.respond(printer);
  expect(lims.peer.stages()).toEqual(['accepted', 'resolved', 'forwarded', 'acknowledged', 'completed']);
  expect([stage.ended, stage.relay.size]).toEqual([['completed'], 0]);
});

test('it is told at its deadline what resolution said last', () => {
  const stage = new RelayStage();
  const lims = stage.connect(LIMS);
  stage.request(lims, TO_PRINTER);
  stage.request(lims, { ...TO_PRINTER, address: { serviceType: 'scan' } }, 2);
  // The printer comes, but without the service type.
  stage.disconnect(stage.connectPrinter('zebra-1', ['scale']));
  stage.clock.advance(9_999);
  expect([codes(lims), codes(lims, 2)]).toEqual([[], []]);
  stage.clock.advance(1);
  expect(lims.peer.outcomes()).toMatchObject([{ code: 'not_found', reason: 'machine printer provides no print now.' }]);
  expect(codes(lims, 2)).toEqual(['not_found']);
  expect(stage.connectPrinter().peer.jobs()).toEqual([]);
  expect(stage.relay.size).toBe(0);
});

test('a refusal by the policy does not wait, nor does it when the right is lost while waiting', () => {
  const stage = new RelayStage();
  const lims = stage.connect(LIMS);
  stage.request(lims, { ...TO_PRINTER, address: { serviceType: 'scale' } });
  expect(codes(lims)).toEqual(['forbidden']);
  stage.request(lims, TO_PRINTER, 2);
  stage.setMachine(machine(LIMS, 'nobody'));
  expect(stage.connectPrinter().peer.jobs()).toEqual([]);
  expect(codes(lims, 2)).toEqual(['forbidden']);
});

test('cancelled, left or drained, it is waited for no longer', () => {
  const stage = new RelayStage();
  const [lims, other] = [stage.connect(LIMS), stage.connect('qc1other')];
  stage.setMachine(machine('qc1other', 'lims'));
  stage.request(lims, TO_PRINTER);
  stage.request(lims, TO_PRINTER, 2);
  stage.request(other, TO_PRINTER);
  stage.cancel(lims);
  stage.disconnect(other);
  stage.relay.drain();
  expect([codes(lims), codes(lims, 2), codes(other)]).toEqual([['cancelled'], ['hub_draining'], []]);
  expect(stage.connectPrinter().peer.jobs()).toEqual([]);
  expect(stage.relay.size).toBe(0);
});

test('what waits is bounded in bytes: past that the sender is told at once', () => {
  const stage = new RelayStage({
    inFlightPerMachine: 10_000,
    rates: { messages: { perSecond: 1e6, burst: 1e6 }, bytes: { perSecond: 1e9, burst: 1e9 } },
  });
  const lims = stage.connect(LIMS);
  const body = new Uint8Array(BODY_MAX_BYTES);
  // 64 MiB at 65 KiB each.
  for (let id = 1; id <= 1_009; id += 1) stage.request(lims, { ...TO_PRINTER, body }, id);
  expect([codes(lims, 1_008), codes(lims, 1_009)]).toEqual([[], ['offline']]);
  stage.cancel(lims, 'cancelled', 5);
  stage.request(lims, { ...TO_PRINTER, body }, 2_000);
  expect(codes(lims, 2_000)).toEqual([]);
  stage.relay.close();
});
