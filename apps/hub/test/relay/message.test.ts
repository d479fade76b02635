import {
  decodeCancel,
  decodeFinalResponse,
  decodeStages,
  encodeAck,
  encodeExtend,
  encodeOutcome,
  encodeProgress,
  FrameType,
  type Frame,
} from '@qconn/protocol';
import { expect, test } from 'vitest';
import { LIMS, RelayStage } from './relay-stage.ts';

function stage(): {
  stage: RelayStage;
  lims: ReturnType<RelayStage['connect']>;
  printer: ReturnType<RelayStage['connect']>;
} {
  const made = new RelayStage();
  return { stage: made, lims: made.connect(LIMS), printer: made.connectPrinter() };
}

test('a request is delivered, acknowledged and answered, and each stage is reported with the hub’s time', () => {
  const { stage: relay, lims, printer } = stage();
  relay.request(lims, { body: Uint8Array.of(1, 2, 3), idempotencyKey: 'job-7', headers: Uint8Array.of() });
  expect(printer.peer.jobs()).toMatchObject([
    {
      from: { fingerprint: LIMS, hostname: 'lims' },
      serviceType: 'print',
      device: 'zebra-1',
      jobMs: 30_000,
      idempotencyKey: 'job-7',
      redelivered: false,
      body: Uint8Array.of(1, 2, 3),
    },
  ]);
  expect(lims.peer.stages()).toEqual(['accepted', 'resolved', 'forwarded']);

  relay.clock.advance(40);
  relay.ack(printer);
  relay.clock.advance(60);
  relay.respond(printer, Uint8Array.of(9));

  expect(lims.peer.stages()).toEqual(['accepted', 'resolved', 'forwarded', 'acknowledged', 'completed']);
  const times = lims.peer.reports().map(({ at }) => at);
  const [first = 0] = times;
  expect(times.map((at) => Math.round(at - first))).toEqual([0, 0, 0, 40, 100]);
  expect(decodeFinalResponse(lims.peer.ofType(FrameType.Response)[0] as Frame).body).toEqual(Uint8Array.of(9));
  expect(relay.ended).toEqual(['completed']);
  expect(relay.relay.size).toBe(0);
  expect(relay.clock.pendingTimers).toBeLessThanOrEqual(1);
});

test('`resolved` names the target that the hub chose', () => {
  const { stage: relay, lims } = stage();
  relay.request(lims);
  const [frame] = lims.peer.ofType(FrameType.Stages);
  expect(decodeStages(frame as Frame).reports[1]?.target).toEqual({
    fingerprint: 'qc1printer',
    hostname: 'printer',
    device: 'zebra-1',
  });
});

test('an answer without an acknowledgement implies it', () => {
  const { stage: relay, lims, printer } = stage();
  relay.request(lims);
  relay.respond(printer);
  expect(lims.peer.stages()).toEqual(['accepted', 'resolved', 'forwarded', 'acknowledged', 'completed']);
});

test('progress reaches the sender under the sender’s own number', () => {
  const { stage: relay, lims, printer } = stage();
  relay.request(lims, {}, 41);
  relay.ack(printer);
  relay.say(printer, (writer, id) => encodeProgress(writer, id, { body: Uint8Array.of(50), json: false }));
  expect(lims.peer.ofType(FrameType.Progress)).toMatchObject([{ id: 41, body: Uint8Array.of(50) }]);
});

test('a provider’s refusal and failure reach the sender with their reasons', () => {
  const { stage: relay, lims, printer } = stage();
  relay.request(lims);
  relay.say(printer, (writer, id) =>
    encodeOutcome(writer, id, { code: 'rejected', reason: 'no paper', retryAfterMs: 0 }),
  );
  expect(lims.peer.outcomes()).toEqual([{ code: 'rejected', reason: 'no paper', retryAfterMs: 0 }]);
  expect(lims.peer.stages().at(-1)).toBe('failed');
  expect(relay.relay.size).toBe(0);
});

test('a provider cannot make the hub say what only the hub knows', () => {
  const { stage: relay, lims, printer } = stage();
  relay.request(lims);
  relay.ack(printer);
  relay.say(printer, (writer, id) => encodeOutcome(writer, id, { code: 'quota', reason: 'go away', retryAfterMs: 9 }));
  expect(lims.peer.outcomes()).toEqual([{ code: 'handler_failed', reason: 'go away', retryAfterMs: 0 }]);
});

test('a cancelled request stops its provider, and what the provider says afterwards changes nothing', () => {
  const { stage: relay, lims, printer } = stage();
  relay.request(lims);
  relay.ack(printer);
  relay.cancel(lims);
  expect(printer.peer.ofType(FrameType.Cancel).map(decodeCancel)).toEqual(['cancelled']);
  relay.respond(printer);
  relay.ack(printer);
  expect(lims.peer.outcomes().map(({ code }) => code)).toEqual(['cancelled']);
  expect(lims.peer.ofType(FrameType.Response)).toEqual([]);
  expect(relay.relay.size).toBe(0);
});

test('a cancel for a request that is over or never was is ignored', () => {
  const { stage: relay, lims } = stage();
  relay.cancel(lims, 'cancelled', 99);
  expect(lims.peer.frames).toEqual([]);
});

test('repeated acknowledgements and answers are told once', () => {
  const { stage: relay, lims, printer } = stage();
  relay.request(lims);
  relay.ack(printer);
  relay.ack(printer);
  relay.respond(printer);
  relay.respond(printer);
  expect(lims.peer.stages().filter((name) => name === 'acknowledged')).toHaveLength(1);
  expect(lims.peer.ofType(FrameType.Response)).toHaveLength(1);
});

test('a second request under a number that is in flight breaks the protocol, and the first goes on', () => {
  const { stage: relay, lims, printer } = stage();
  relay.request(lims);
  expect(() => relay.request(lims)).toThrow(expect.objectContaining({ code: 'unexpected_frame' }));
  relay.respond(printer);
  expect(relay.ended).toEqual(['completed']);
  // Its number is free again afterwards.
  relay.request(lims);
  expect(relay.relay.size).toBe(1);
});

test('only the machine that was asked may answer', () => {
  const { stage: relay, lims, printer } = stage();
  relay.request(lims);
  const [job] = printer.peer.jobs();
  const stranger = relay.connect('qc1stranger');
  for (const encode of [
    encodeAck,
    (writer: Parameters<typeof encodeAck>[0], id: number) => encodeExtend(writer, id, 5),
  ])
    relay.say({ session: stranger.session, peer: printer.peer }, encode);
  relay.respond({ session: stranger.session, peer: printer.peer });
  relay.respond({ session: lims.session, peer: printer.peer });
  expect(job).toBeDefined();
  expect(lims.peer.stages()).toEqual(['accepted', 'resolved', 'forwarded']);
  expect(relay.relay.size).toBe(1);
});

test('a provider that breaks the protocol in its answer costs its sender an outcome, never silence', () => {
  const { stage: relay, lims, printer } = stage();
  relay.request(lims);
  relay.ack(printer);
  const [job] = printer.peer.jobs();
  const malformed: Frame = {
    type: FrameType.Response,
    flags: 0,
    id: job?.id ?? 0,
    control: Uint8Array.of(0xff),
    body: new Uint8Array(0),
  };
  expect(() => relay.relay.fromProvider(printer.session, malformed)).toThrow(
    expect.objectContaining({ code: 'bad_frame' }),
  );
  // The hub closes a session that breaks the protocol.
  relay.disconnect(printer);
  expect(lims.peer.outcomes().map(({ code }) => code)).toEqual(['target_lost']);
  expect(relay.relay.size).toBe(0);
});
