import { ManualClock } from '@qconn/clock';
import {
  encodeOutcome,
  encodeResponse,
  encodeStages,
  stageSetOf,
  encodeTargets,
  FrameType,
  PackedWriter,
  QconnError,
  type RequestAll,
} from '@qconn/protocol';
import { expect, test } from 'vitest';
import { FanOut } from '../../src/exchange/fan-out.ts';
import type { FanOutObserver } from '../../src/exchange/request-observer.ts';
import { Requests } from '../../src/exchange/requests.ts';
import { frameOf, RecordingPort } from './recording-port.ts';

const NO_BYTES = new Uint8Array(0);
const REQUEST: RequestAll = {
  address: { serviceType: 'print' },
  resolutionMs: 1_000,
  jobMs: 5_000,
  idempotencyKey: undefined,
  stickyKey: undefined,
  headers: NO_BYTES,
  limit: 3,
  body: NO_BYTES,
};
const writer = new PackedWriter();

/** A sender whose request to at most three has the id 1, and theirs are 2, 3 and 4. */
class Sender {
  readonly clock = new ManualClock();
  readonly port = new RecordingPort();
  readonly requests = new Requests({ clock: this.clock, port: this.port });
  readonly fanOut = new FanOut();

  constructor(observer: FanOutObserver = {}) {
    this.requests.startAll(1, REQUEST, observer, this.fanOut);
  }

  targets(count: number, more = false): void {
    this.requests.take(frameOf(encodeTargets(writer, 1, { count, more })));
  }

  resolved(id: number, hostname: string): void {
    const target = { fingerprint: `qc1${hostname}`, hostname, device: 'd' };
    this.requests.take(frameOf(encodeStages(writer, id, stageSetOf([{ stage: 'resolved', at: 0, target }]))));
  }

  respond(id: number): void {
    this.requests.take(frameOf(encodeResponse(writer, id, { headers: NO_BYTES, body: Uint8Array.of(id) })));
  }

  fail(id: number, code: 'busy' | 'not_found'): void {
    this.requests.take(frameOf(encodeOutcome(writer, id, { code, reason: '', retryAfterMs: 0 })));
  }

  /** What was read of the results, in words. */
  async results(): Promise<string[]> {
    const read: string[] = [];
    for await (const result of this.fanOut) {
      const who = result.target?.hostname ?? '?';
      read.push('reply' in result ? `${who}: ${result.reply.body.join()}` : `${who}: ${result.error.code}`);
    }
    return read;
  }

  isIdle(): boolean {
    return this.requests.size === 0 && this.clock.pendingTimers === 0;
  }
}

test('results come as each target gives them, and the summary once all have', async () => {
  const sender = new Sender();
  sender.targets(3, true);
  for (const [id, name] of [
    [2, 'a'],
    [3, 'b'],
    [4, 'c'],
  ] as const)
    sender.resolved(id, name);
  const reading = sender.results();
  sender.respond(3);
  sender.fail(2, 'busy');
  sender.respond(4);
  expect(await reading).toEqual(['b: 3', 'a: busy', 'c: 4']);
  expect(await sender.fanOut.summary).toEqual({ targets: 3, completed: 2, failed: 1, more: true });
  // Read once more, late.
  expect(await sender.results()).toHaveLength(3);
  expect(sender.isIdle()).toBe(true);
});

test('a target’s word may come before the number of targets', async () => {
  const sender = new Sender();
  sender.resolved(3, 'b');
  sender.respond(3);
  sender.respond(2);
  sender.targets(2);
  expect((await sender.results()).toSorted()).toEqual(['?: 2', 'b: 3']);
  expect(sender.isIdle()).toBe(true);
});

test('a refusal of the whole is thrown to whoever reads', async () => {
  const sender = new Sender();
  sender.fail(1, 'not_found');
  await expect(sender.results()).rejects.toMatchObject({ code: 'not_found' });
  await expect(sender.fanOut.summary).rejects.toMatchObject({ code: 'not_found' });
  expect(sender.isIdle()).toBe(true);
});

test('cancelled before the number of targets is known: what has begun is stopped when it is', async () => {
  const abort = new AbortController();
  const sender = new Sender({ signal: abort.signal });
  abort.abort();
  await expect(sender.results()).rejects.toMatchObject({ code: 'cancelled' });
  sender.resolved(2, 'a');
  sender.targets(2);
  expect(sender.port.ofType(FrameType.Cancel).map(({ id }) => id)).toEqual([2, 3]);
  expect(sender.isIdle()).toBe(true);
});

test('cancelled later: each target that has not ended is cancelled', async () => {
  const abort = new AbortController();
  const sender = new Sender({ signal: abort.signal });
  sender.targets(2);
  sender.respond(2);
  abort.abort();
  expect(await sender.results()).toEqual(['?: 2', '?: cancelled']);
  expect(sender.port.ofType(FrameType.Cancel).map(({ id }) => id)).toEqual([3]);
});

test('cancelled before it is sent, it is not sent', async () => {
  const sender = new Sender({ signal: AbortSignal.abort() });
  await expect(sender.fanOut.summary).rejects.toMatchObject({ code: 'cancelled' });
  expect(sender.port.frames).toEqual([]);
});

test.each([0, 1])('a lost connection ends what is left, with %i targets known', async (known) => {
  const sender = new Sender();
  if (known > 0) sender.targets(known);
  sender.requests.lost(new QconnError('idle_timeout'));
  if (known > 0) expect(await sender.results()).toEqual(['?: hub_lost']);
  else await expect(sender.results()).rejects.toMatchObject({ code: 'hub_lost' });
  expect(sender.isIdle()).toBe(true);
});

test('a hub that says nothing counts as lost', async () => {
  const sender = new Sender();
  sender.clock.advance(6_000);
  await expect(sender.results()).rejects.toMatchObject({ code: 'hub_lost' });
  expect(sender.isIdle()).toBe(true);
});

test('more targets than asked for break the protocol', () => {
  expect(() => new Sender().targets(4)).toThrow(/at most 3/);
});

test('watchers learn which target they hear of', () => {
  const seen: string[] = [];
  const sender = new Sender({ onStatus: ({ stage }, target) => seen.push(`${stage} ${target?.hostname}`) });
  sender.targets(1);
  sender.resolved(2, 'a');
  sender.requests.take(frameOf(encodeStages(writer, 2, stageSetOf([{ stage: 'acknowledged', at: 0 }]))));
  expect(seen).toEqual(['resolved a', 'acknowledged a']);
});
