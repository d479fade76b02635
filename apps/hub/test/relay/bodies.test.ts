import { decodeCancel, decodeFinalResponse, encodeResponse, ERROR_TABLE, FrameType, type Frame } from '@qconn/protocol';
import { describe, expect, test } from 'vitest';
import { RecentExchanges } from '../../src/relay/recent-exchanges.ts';
import { BodyMachine, turn, type ReadBody } from './body-machine.ts';
import { LIMS, RelayStage, type Connected } from './relay-stage.ts';

const DIGEST = new Uint8Array(32);
const NOTHING = new Uint8Array(0);

interface Scene {
  readonly stage: RelayStage;
  readonly lims: Connected;
  readonly printer: Connected;
  readonly sender: BodyMachine;
  readonly provider: BodyMachine;
}

async function scene(...[limits]: ConstructorParameters<typeof RelayStage>): Promise<Scene> {
  const stage = new RelayStage(limits);
  const lims = stage.connect(LIMS);
  const printer = stage.connectPrinter();
  return {
    stage,
    lims,
    printer,
    sender: await BodyMachine.join(stage, lims),
    provider: await BodyMachine.join(stage, printer),
  };
}

/** A streamed request that is delivered and acknowledged. @returns the hub's number of it */
function requested({ stage, lims, printer }: Scene, id = 1, length?: number): number {
  stage.request(lims, { streamed: { length }, jobMs: 30_000 }, id);
  stage.ack(printer);
  return printer.peer.jobs().at(-1)?.id ?? 0;
}

function respondStreamed({ stage, printer }: Scene): void {
  stage.say(printer, (writer, id) =>
    encodeResponse(writer, id, { headers: NOTHING, body: NOTHING, streamed: { length: undefined } }),
  );
}

test('a request’s body is asked for by its provider, then of its sender, and passes with its digest', async () => {
  const on = await scene();
  const id = requested(on, 1, 5);
  expect(on.printer.peer.jobs()[0]?.streamed).toEqual({ length: 5 });
  await turn();
  expect(on.sender.asked).toHaveLength(0);

  const body = on.provider.ask('request', id);
  const source = await on.sender.stream(1);
  source.write(new Uint8Array(5));
  source.write(DIGEST);
  source.end();
  expect(await body.ended()).toEqual({ kind: 'finished' });
  expect(body.bytes).toBe(37);
  expect(on.stage.relayedBytes.request).toBe(37);
  on.stage.respond(on.printer);
  expect(on.stage.relay.idle).toBe(true);
});

test('an answer’s body is asked for by the sender, and the hub is not idle before it has come', async () => {
  const on = await scene();
  on.stage.request(on.lims, {});
  respondStreamed(on);
  expect(decodeFinalResponse(on.lims.peer.ofType(FrameType.Response)[0] as Frame).streamed).toEqual({
    length: undefined,
  });
  expect(on.stage.ended).toEqual(['completed']);
  expect(on.stage.relay.size).toBe(0);
  expect(on.stage.relay.idle).toBe(false);

  const body = on.sender.ask('response', 1);
  const source = await on.provider.stream(1);
  source.write(DIGEST);
  source.end();
  expect(await body.ended()).toEqual({ kind: 'finished' });
  expect(on.stage.relay.idle).toBe(true);
});

test('an answer may begin before the request’s body has been read: both move', async () => {
  const on = await scene();
  const id = requested(on);
  respondStreamed(on);
  const answer = on.sender.ask('response', 1);
  const request = on.provider.ask('request', id);
  const [requestSource, answerSource] = [await on.sender.stream(1), await on.provider.stream(1)];
  requestSource.write(new Uint8Array(100));
  await request.has(100);
  answerSource.write(new Uint8Array(100));
  await answer.has(100);
  requestSource.end();
  await request.ended();
  expect(on.stage.relay.idle).toBe(false);
  answerSource.end();
  await answer.ended();
  expect(on.stage.relay.idle).toBe(true);
});

test('a reader that stops holds the writer back: the hub has less than 1 MiB of the body', async () => {
  const on = await scene({ bodies: { bytesMax: 2 ** 30, streamsPerMachine: 2 } });
  const body = on.provider.ask('request', requested(on));
  const source = await on.sender.stream(1);
  const piece = new Uint8Array(64 * 1024);
  source.write(piece);
  await body.has(piece.length);
  body.stream.pause();
  let written = piece.length;
  for (let idle = 0; idle < 20;) {
    if (source.bufferedBytes > 256 * 1024) idle++;
    else {
      source.write(piece);
      written += piece.length;
      idle = 0;
    }
    await turn();
  }
  const inHub = written - source.bufferedBytes - body.bytes;
  expect(inHub).toBeGreaterThan(0);
  expect(inHub).toBeLessThan(1024 * 1024);

  body.stream.resume();
  source.end();
  expect(await body.ended()).toEqual({ kind: 'finished' });
  expect(body.bytes).toBe(written);
});

describe('a body is cut, and both ends learn it', () => {
  const flowing = async (...limits: ConstructorParameters<typeof RelayStage>): Promise<Scene & Flow> => {
    const on = await scene(...limits);
    const id = requested(on);
    const body = on.provider.ask('request', id);
    const source = await on.sender.stream(1);
    source.write(new Uint8Array(100));
    await body.has(100);
    return {
      ...on,
      id,
      body,
      stopped: until(source.writable.bind(source), () => void source.write(new Uint8Array(1))),
    };
  };

  const cases: readonly [string, (on: Scene & Flow) => void, number][] = [
    ['the sender cancels', ({ stage, lims }) => stage.cancel(lims), ERROR_TABLE.cancelled.wire],
    ['the job deadline passes', ({ stage }) => stage.clock.advance(30_000), ERROR_TABLE.deadline_exceeded.wire],
    ['the handler fails', ({ stage, printer }) => stage.respond(printer), ERROR_TABLE.cancelled.wire],
    ['the hub stops', ({ stage }) => stage.relay.close(), ERROR_TABLE.target_lost.wire],
    ['the sender is revoked', ({ stage, lims }) => stage.disconnect(lims, true), ERROR_TABLE.sender_lost.wire],
  ];

  test.each(cases)('when %s', async (_when, act, code) => {
    const on = await flowing();
    act(on);
    expect(await on.body.ended()).toEqual({ kind: 'reset', code });
    await on.stopped;
    expect(on.stage.relay.idle).toBe(true);
  });

  test('when the sender’s connection is lost; the job goes on without it', async () => {
    const on = await flowing();
    on.sender.lose();
    on.stage.disconnect(on.lims);
    expect(await on.body.ended()).toEqual({ kind: 'reset', code: ERROR_TABLE.body_cut.wire });
    expect(on.stage.relay.size).toBe(1);
  });

  test('when it is longer than the hub lets pass; the exchange ends as its provider says', async () => {
    const on = await flowing({ bodies: { bytesMax: 100, streamsPerMachine: 2 } });
    expect(await on.body.ended()).toMatchObject({ kind: 'reset', code: ERROR_TABLE.too_large.wire });
    await on.stopped;
    expect(on.stage.relay.size).toBe(1);
  });

  test('when its reader wants no more: the writer learns why', async () => {
    const on = await flowing();
    on.body.stream.stopSending(ERROR_TABLE.cancelled.wire);
    await on.stopped;
  });
});

test('the timeline learns how long streamed bodies were: of the request with its end, of the answer when that has come', async () => {
  const on = await scene();
  const recent = new RecentExchanges(on.stage.clock, { entries: 4, maxAgeMs: 60_000 });
  on.stage.onEnded = (exchange, outcome) => recent.add(exchange, outcome);
  on.stage.onBodiesOver = (id, bytes) => recent.resize(id, bytes);
  const id = requested(on);
  const request = on.provider.ask('request', id);
  const requestSource = await on.sender.stream(1);
  for (const piece of [new Uint8Array(70_000), DIGEST]) requestSource.write(piece);
  requestSource.end();
  await request.ended();
  respondStreamed(on);
  expect(recent.get(id)).toMatchObject({ requestBytes: 70_000, responseBytes: 0 });
  const response = on.sender.ask('response', 1);
  const responseSource = await on.provider.stream(1);
  for (const piece of [new Uint8Array(90_000), DIGEST]) responseSource.write(piece);
  responseSource.end();
  await response.ended();
  expect(recent.get(id)).toMatchObject({ requestBytes: 70_000, responseBytes: 90_000 });
});

test('a body that is announced as too long is refused before anybody is asked for it', async () => {
  const on = await scene();
  on.stage.request(on.lims, { streamed: { length: 1_000_001 } });
  expect(on.lims.peer.outcomes()).toMatchObject([{ code: 'too_large' }]);
  expect(on.printer.peer.jobs()).toHaveLength(0);
});

test('each piece that moves starts the job deadline again; silence does not', async () => {
  const on = await scene();
  const body = on.provider.ask('request', requested(on));
  const source = await on.sender.stream(1);
  for (let piece = 1; piece <= 4; piece++) {
    on.stage.clock.advance(20_000);
    source.write(new Uint8Array(10));
    await body.has(10 * piece);
  }
  on.stage.clock.advance(29_999);
  expect(on.stage.ended).toEqual([]);
  on.stage.clock.advance(1);
  expect(on.stage.ended).toEqual(['deadline_exceeded']);
});

test('an answer that its sender never asks for is let go at the job deadline', async () => {
  const on = await scene();
  on.stage.request(on.lims, { jobMs: 5_000 });
  respondStreamed(on);
  on.stage.clock.advance(5_000);
  expect(on.printer.peer.ofType(FrameType.Cancel).map(decodeCancel)).toEqual(['deadline_exceeded']);
  expect(on.stage.relay.idle).toBe(true);
  const late = on.sender.ask('response', 1);
  expect(await late.ended()).toEqual({ kind: 'reset', code: ERROR_TABLE.body_cut.wire });
});

test('a provider whose sender is gone is told to let go of its streamed answer', async () => {
  const on = await scene();
  requested(on);
  on.stage.disconnect(on.lims);
  respondStreamed(on);
  expect(on.printer.peer.ofType(FrameType.Cancel).map(decodeCancel)).toEqual(['sender_lost']);
  expect(on.stage.relay.idle).toBe(true);
});

test('nobody is given a body that is not theirs', async () => {
  const on = await scene();
  const id = requested(on);
  respondStreamed(on);
  const stranger = await BodyMachine.join(on.stage, on.stage.connect('qc1stranger'));
  for (const asked of [stranger.ask('request', id), on.sender.ask('request', id), on.provider.ask('response', 1)]) {
    expect(await asked.ended()).toMatchObject({ kind: 'reset' });
  }
});

test('past the limit bodies wait, and start as others end', async () => {
  const on = await scene();
  const ids = [1, 2, 3].map((request) => requested(on, request));
  const bodies = ids.map((id) => on.provider.ask('request', id));
  const [first] = [await on.sender.stream(1), await on.sender.stream(2)];
  for (let count = 0; count < 5; count++) await turn();
  expect(on.sender.asked).toHaveLength(2);
  first.end();
  await (bodies[0] as ReadBody).ended();
  await on.sender.stream(3);
});

test('a request that is delivered again has its body asked for again', async () => {
  const on = await scene();
  on.stage.request(on.lims, { streamed: { length: undefined } });
  const first = on.provider.ask('request', on.printer.peer.jobs()[0]?.id ?? 0);
  await on.sender.stream(1);
  on.stage.disconnect(on.printer);
  expect(await first.ended()).toMatchObject({ kind: 'reset' });

  const back = on.stage.connectPrinter();
  const again = await BodyMachine.join(on.stage, back);
  const [job] = back.peer.jobs();
  expect(job).toMatchObject({ redelivered: true, streamed: { length: undefined } });
  const second = again.ask('request', job?.id ?? 0);
  (await on.sender.stream(2)).end();
  expect(await second.ended()).toEqual({ kind: 'finished' });
});

test('bytes that are streamed count against their owner’s quota: past it, the body is slowed', async () => {
  const on = await scene({
    rates: { messages: { perSecond: 100, burst: 100 }, bytes: { perSecond: 1_000, burst: 1_000 } },
  });
  const body = on.provider.ask('request', requested(on));
  const source = await on.sender.stream(1);
  source.write(new Uint8Array(3_000));
  await body.has(3_000);
  source.write(new Uint8Array(1));
  for (let count = 0; count < 5; count++) await turn();
  expect(body.bytes).toBe(3_000);
  on.stage.clock.advance(2_000);
  await body.has(3_001);
});

interface Flow {
  readonly id: number;
  readonly body: ReadBody;
  /** Resolves when the writer has been told to stop. */
  readonly stopped: Promise<void>;
}

/** Writes until that is refused. */
async function until(writable: () => Promise<void>, write: () => void): Promise<void> {
  try {
    for (;;) {
      await turn();
      await writable();
      write();
    }
  } catch {
    // It was told to stop.
  }
}
