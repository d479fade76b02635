import { ManualClock } from '@qconn/clock';
import {
  encodeHeaders,
  encodeOutcome,
  encodeProgress,
  encodeResponse,
  encodeStages,
  stageSetOf,
  type StageSet,
  FrameType,
  PackedWriter,
  QconnError,
  type Request,
  type Stage,
} from '@qconn/protocol';
import { describe, expect, test } from 'vitest';
import type { Reply } from '../../src/exchange/reply.ts';
import type { RequestObserver } from '../../src/exchange/request-observer.ts';
import { Requests } from '../../src/exchange/requests.ts';
import { frameOf, RecordingPort } from './recording-port.ts';

const NO_BYTES = new Uint8Array(0);
const REQUEST: Request = {
  address: { serviceType: 'print' },
  resolutionMs: 1_000,
  jobMs: 5_000,
  idempotencyKey: undefined,
  stickyKey: undefined,
  waitForTarget: false,
  inquiry: false,
  headers: NO_BYTES,
  body: NO_BYTES,
};
const writer = new PackedWriter();

class Sender {
  readonly clock = new ManualClock();
  readonly port = new RecordingPort();
  readonly requests = new Requests({ clock: this.clock, port: this.port });

  start(observer: RequestObserver = {}, id = 1): Promise<Reply> {
    const reply = this.requests.start(id, REQUEST, observer);
    // Looked at later: a rejection meanwhile is no stray one.
    reply.catch(() => {});
    return reply;
  }

  stages(...stages: Stage[]): void {
    this.requests.take(frameOf(encodeStages(writer, 1, setOf(stages))));
  }

  respond(headers: Uint8Array = NO_BYTES, id = 1): void {
    this.requests.take(frameOf(encodeResponse(writer, id, { headers, body: Uint8Array.of(7) })));
  }

  /** As the hub does where stages have passed that it has not told of. */
  respondWith(...stages: Stage[]): void {
    this.requests.take(
      frameOf(encodeResponse(writer, 1, { headers: NO_BYTES, body: Uint8Array.of(7) }, setOf(stages))),
    );
  }

  cancels(): number {
    return this.port.ofType(FrameType.Cancel).length;
  }
}

function setOf(stages: readonly Stage[]): StageSet {
  return stageSetOf(stages.map((stage) => ({ stage, at: 0 })));
}

test('a reply carries body, headers and every stage that was reported', async () => {
  const sender = new Sender();
  const seen: string[] = [];
  const reply = sender.start({ onStatus: ({ stage }) => seen.push(stage) });
  sender.stages('accepted', 'forwarded');
  sender.stages('acknowledged');
  sender.stages('completed');
  sender.respond(encodeHeaders({ 'content-type': 'text/plain' }));
  const { body, headers, stages } = await reply;
  expect(body).toEqual(Uint8Array.of(7));
  expect({ ...headers }).toEqual({ 'content-type': 'text/plain' });
  expect(stages.map(({ stage }) => stage)).toEqual(['accepted', 'forwarded', 'acknowledged', 'completed']);
  expect(seen).toEqual(['accepted', 'forwarded', 'acknowledged', 'completed']);
  expect(sender.requests.size).toBe(0);
  expect(sender.clock.pendingTimers).toBe(0);
});

test('the stages that come with the answer are told of before it, and stand behind those before', async () => {
  const sender = new Sender();
  const seen: string[] = [];
  const reply = sender.start({ onStatus: ({ stage }) => seen.push(stage) });
  sender.stages('accepted', 'forwarded');
  sender.respondWith('acknowledged', 'completed');
  expect(seen).toEqual(['accepted', 'forwarded', 'acknowledged', 'completed']);
  expect((await reply).stages.map(({ stage }) => stage)).toEqual(seen);
});

test('nobody need watch the stages to find them in the reply', async () => {
  const sender = new Sender();
  const reply = sender.start();
  sender.stages('accepted');
  sender.respondWith('forwarded', 'acknowledged', 'completed');
  const { stages } = await reply;
  expect(stages.map(({ stage }) => stage)).toEqual(['accepted', 'forwarded', 'acknowledged', 'completed']);
});

test('the stages that come with a failure are told of before it', async () => {
  const sender = new Sender();
  const seen: string[] = [];
  const reply = sender.start({ onStatus: ({ stage }) => seen.push(stage) });
  const outcome = { code: 'busy', reason: '', retryAfterMs: 0 } as const;
  sender.requests.take(frameOf(encodeOutcome(writer, 1, outcome, setOf(['accepted', 'failed']))));
  await expect(reply).rejects.toMatchObject({ code: 'busy' });
  expect(seen).toEqual(['accepted', 'failed']);
});

test('whoever throws over a stage that comes with the answer has cancelled the request', async () => {
  const sender = new Sender();
  const cause = new Error('not that one');
  const reply = sender.start({
    onStatus: () => {
      throw cause;
    },
  });
  sender.respondWith('acknowledged', 'completed');
  await expect(reply).rejects.toMatchObject({ code: 'cancelled', cause });
  expect(sender.requests.size).toBe(0);
});

test('an outcome rejects with its code, reason and time to wait', async () => {
  const sender = new Sender();
  const reply = sender.start();
  sender.requests.take(frameOf(encodeOutcome(writer, 1, { code: 'quota', reason: 'slow down', retryAfterMs: 250 })));
  await expect(reply).rejects.toMatchObject({ code: 'quota', message: 'slow down', retryAfterMs: 250 });
  expect(sender.clock.pendingTimers).toBe(0);
});

test('progress is passed on while the job runs', async () => {
  const sender = new Sender();
  const signs: number[] = [];
  const reply = sender.start({ onProgress: (body) => signs.push(...body) });
  sender.stages('accepted', 'acknowledged');
  for (const percent of [25, 75])
    sender.requests.take(frameOf(encodeProgress(writer, 1, { body: Uint8Array.of(percent), json: false })));
  sender.respond();
  await reply;
  expect(signs).toEqual([25, 75]);
});

describe('cancelling', () => {
  test('tells the hub once and rejects with the signal’s reason as cause', async () => {
    const sender = new Sender();
    const abort = new AbortController();
    const reply = sender.start({ signal: abort.signal });
    const why = new Error('changed my mind');
    abort.abort(why);
    await expect(reply).rejects.toMatchObject({ code: 'cancelled', cause: why });
    expect(sender.cancels()).toBe(1);
    expect(sender.requests.size).toBe(0);
  });

  test('before it is sent sends nothing', async () => {
    const sender = new Sender();
    await expect(sender.start({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
    expect(sender.port.frames).toEqual([]);
  });

  test('after the end does nothing', async () => {
    const sender = new Sender();
    const abort = new AbortController();
    const reply = sender.start({ signal: abort.signal });
    sender.respond();
    abort.abort();
    await reply;
    expect(sender.cancels()).toBe(0);
  });
});

describe('a callback that throws', () => {
  test.each(['onStatus', 'onProgress'] as const)('%s: cancels its own request and no other', async (name) => {
    const sender = new Sender();
    const fault = new Error('in the caller’s code');
    const reply = sender.start({
      [name]: () => {
        throw fault;
      },
    });
    const other = sender.start({}, 2);
    sender.stages('accepted', 'acknowledged');
    sender.requests.take(frameOf(encodeProgress(writer, 1, { body: NO_BYTES, json: false })));
    await expect(reply).rejects.toMatchObject({ code: 'cancelled', cause: fault });
    expect(sender.cancels()).toBe(1);
    sender.respond(NO_BYTES, 2);
    expect((await other).body).toEqual(Uint8Array.of(7));
  });
});

test('a hub that says nothing counts as lost, and is told to forget the request', async () => {
  const sender = new Sender();
  const reply = sender.start();
  sender.clock.advance(5_999);
  expect(sender.requests.size).toBe(1);
  sender.clock.advance(1);
  await expect(reply).rejects.toMatchObject({ code: 'hub_lost' });
  expect(sender.cancels()).toBe(1);
});

test('after the acknowledgement the hub keeps the time: a long job is waited for', () => {
  const sender = new Sender();
  void sender.start();
  sender.stages('accepted', 'acknowledged');
  sender.clock.advance(3_600_000);
  expect(sender.requests.size).toBe(1);
});

test('with the connection everything in flight ends, each request once', async () => {
  const sender = new Sender();
  const replies = [1, 2, 3].map((id) => sender.start({}, id));
  const cause = new QconnError('idle_timeout');
  sender.requests.lost(cause);
  for (const reply of replies) await expect(reply).rejects.toMatchObject({ code: 'hub_lost', cause });
  expect(sender.requests.size).toBe(0);
  sender.requests.lost(cause);
});

test('frames for a request that is over, or never was, are ignored', async () => {
  const sender = new Sender();
  const reply = sender.start();
  sender.respond();
  await reply;
  sender.respond();
  sender.stages('failed');
  sender.respond(NO_BYTES, 99);
  expect(sender.port.frames).toHaveLength(1);
});

test('a provider’s malformed headers fail the request and not the connection', async () => {
  const sender = new Sender();
  const reply = sender.start();
  sender.respond(Uint8Array.of(200, 1, 2));
  await expect(reply).rejects.toMatchObject({ code: 'handler_failed' });
  expect(sender.requests.size).toBe(0);
});

describe('what the hub has not looked at', () => {
  const refusal = { code: 'quota', retryAfterMs: 100, retrySafe: true };

  test('is no more than may be in flight: one more is refused at once and not sent', async () => {
    const sender = new Sender();
    for (let id = 1; id <= 1_024; id += 1) void sender.start({}, id);
    await expect(sender.start({}, 2_000)).rejects.toMatchObject(refusal);
    expect(sender.port.ofType(FrameType.Request)).toHaveLength(1_024);
    sender.stages('accepted');
    void sender.start({}, 2_000);
    await expect(sender.start({}, 2_001)).rejects.toMatchObject(refusal);
    expect(sender.port.ofType(FrameType.Request)).toHaveLength(1_025);
  });

  test('is no more than the hub says, for as long as it says', async () => {
    const sender = new Sender();
    const { requests, clock, port } = sender;
    requests.granted({ requests: 2, forMs: 1_000 });
    void sender.start({}, 1);
    const second = sender.start({}, 2);
    await expect(sender.start({}, 3)).rejects.toMatchObject(refusal);
    sender.respond(NO_BYTES, 2);
    await second;
    void sender.start({}, 4);
    await expect(sender.start({}, 5)).rejects.toMatchObject(refusal);
    clock.advance(1_000);
    void sender.start({}, 6);
    expect(port.ofType(FrameType.Request).map(({ id }) => id)).toEqual([1, 2, 4, 6]);
  });

  test('is counted once, however it ends: cancelled, refused or lost in silence', async () => {
    const sender = new Sender();
    sender.requests.granted({ requests: 1, forMs: 60_000 });
    const cancel = new AbortController();
    const cancelled = sender.start({ signal: cancel.signal }, 1);
    cancel.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    sender.respond(NO_BYTES, 1);
    const busy = sender.start({}, 2);
    sender.requests.take(frameOf(encodeOutcome(writer, 2, { code: 'busy', reason: '', retryAfterMs: 0 })));
    await expect(busy).rejects.toMatchObject({ code: 'busy' });
    const silent = sender.start({}, 3);
    sender.clock.advance(6_000);
    await expect(silent).rejects.toMatchObject({ code: 'hub_lost' });
    void sender.start({}, 4);
    await expect(sender.start({}, 5)).rejects.toMatchObject(refusal);
  });

  test('does not wait for a connection that takes nothing: past 32 MiB requests are refused at once', async () => {
    const sender = new Sender();
    sender.port.bufferedBytes = 32 * 1024 * 1024 + 1;
    await expect(sender.start()).rejects.toMatchObject(refusal);
    sender.port.bufferedBytes = 0;
    void sender.start();
    expect(sender.port.ofType(FrameType.Request)).toHaveLength(1);
  });
});
