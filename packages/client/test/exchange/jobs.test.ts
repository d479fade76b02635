import { decodeOutcome, decodeResponse, FrameType, frameTypeName, QconnError, type Frame } from '@qconn/protocol';
import { describe, expect, test } from 'vitest';
import { HeldAcks } from '../../src/exchange/held-acks.ts';
import type { Handler, Job } from '../../src/exchange/job.ts';
import { Provider } from './provider.ts';

async function answerOf(handler: Handler): Promise<Frame> {
  const provider = new Provider(handler);
  provider.deliver(1);
  return Promise.race([provider.port.frame(FrameType.Response), provider.port.frame(FrameType.Outcome)]);
}

test('a job is acknowledged before its handler runs, and its handler sees what the hub says of it', async () => {
  let seen: Job | undefined;
  let acknowledged = false;
  const provider: Provider = new Provider((job) => {
    seen = job;
    acknowledged = provider.port.ofType(FrameType.Ack).length === 1;
    return 'done';
  });
  provider.deliver(1, { headers: Uint8Array.of(1, 97, 0, 1, 98), body: Uint8Array.of(5), idempotencyKey: 'k' });
  const { body } = decodeResponse(await provider.port.frame(FrameType.Response));
  expect(Buffer.from(body).toString()).toBe('done');
  expect(acknowledged).toBe(true);
  expect(seen).toMatchObject({
    from: { fingerprint: 'qc1lims', hostname: 'lims' },
    serviceType: 'print',
    device: 'zebra-1',
    body: Uint8Array.of(5),
    idempotencyKey: 'k',
    jobMs: 30_000,
  });
  expect({ ...seen?.headers }).toEqual({ a: 'b' });
});

test('a job may be wrapped in one that inherits from it', async () => {
  const wrapped = (job: Job): Job => Object.create(job, { device: { value: 'zebra-2' } }) as Job;
  const provider = new Provider((job) => {
    const { device, body, streamed, signal } = wrapped(job);
    return `${device} ${body.length} ${streamed} ${signal.aborted}`;
  });
  provider.deliver(1, { body: Uint8Array.of(5) });
  const { body } = decodeResponse(await provider.port.frame(FrameType.Response));
  expect(Buffer.from(body).toString()).toBe('zebra-2 1 false false');
});

const answers: [what: string, handler: Handler, body: Uint8Array][] = [
  ['nothing', () => undefined, new Uint8Array(0)],
  ['bytes', () => Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
  ['text', () => 'é', Uint8Array.of(0xc3, 0xa9)],
  ['a body of text with headers', () => ({ body: 'x', headers: { a: '1' } }), Uint8Array.of(0x78)],
  ['headers alone', () => ({ headers: { a: '1' } }), new Uint8Array(0)],
  ['a promise', () => Promise.resolve('x'), Uint8Array.of(0x78)],
];

test.each(answers)('a handler may return %s', async (_, handler, body) => {
  const frame = await answerOf(handler);
  expect(frame.type).toBe(FrameType.Response);
  expect(decodeResponse(frame).body).toEqual(body);
});

const thrower =
  (thrown: unknown): Handler =>
  () => {
    throw thrown;
  };
const returner = (value: unknown): Handler => (() => value) as Handler;

const failures: [what: string, handler: Handler, code: string, reason: RegExp][] = [
  ['throws', thrower(new Error('out of ink')), 'handler_failed', /^out of ink$/],
  ['rejects', () => Promise.reject(new Error('out of ink')), 'handler_failed', /^out of ink$/],
  ['throws text', thrower('no'), 'handler_failed', /^no$/],
  ['throws nothing', thrower(undefined), 'handler_failed', /undefined/],
  ['throws what has no text', thrower(Object.create(null)), 'handler_failed', /no text/],
  [
    'throws an error whose message is none',
    thrower(Object.assign(new Error('x'), { message: { toString: null } })),
    'handler_failed',
    /no text/,
  ],
  ['refuses', thrower(new QconnError('rejected', 'no paper')), 'rejected', /^no paper$/],
  ['is busy', thrower(new QconnError('busy', 'warming up', { retryAfterMs: 500 })), 'busy', /^warming up$/],
  ['throws one of the hub’s codes', thrower(new QconnError('forbidden', 'mine')), 'handler_failed', /^mine$/],
  ['returns a number', returner(7), 'handler_failed', /number/],
  ['returns null', returner(null), 'handler_failed', /null/],
  ['returns a body that is none', returner({ body: 7 }), 'handler_failed', /number/],
  ['returns a result that was to be JSON', returner({ weight: 7 }), 'handler_failed', /body, headers/],
  ['returns malformed headers', returner({ headers: { 'Not OK': 'x' } }), 'handler_failed', /Not OK/],
];

test.each(failures)('a handler that %s is reported honestly', async (_, handler, code, reason) => {
  const frame = await answerOf(handler);
  expect(frame.type).toBe(FrameType.Outcome);
  expect(decodeOutcome(frame)).toMatchObject({ code, reason: expect.stringMatching(reason) });
});

test('a retry time that a handler gives reaches the hub', async () => {
  const frame = await answerOf(thrower(new QconnError('busy', 'warming up', { retryAfterMs: 500 })));
  expect(decodeOutcome(frame).retryAfterMs).toBe(500);
});

test('a sender’s malformed headers are refused, and nothing runs', async () => {
  let runs = 0;
  const provider = new Provider(() => void runs++);
  provider.deliver(1, { headers: Uint8Array.of(200, 1, 2) });
  expect(decodeOutcome(await provider.port.frame(FrameType.Outcome)).code).toBe('rejected');
  expect(runs).toBe(0);
});

test('a job for a device or service type that is not there is refused', () => {
  const provider = new Provider(() => 'x');
  provider.deliver(1, { device: 'zebra-9' });
  provider.deliver(2, { serviceType: 'scan' });
  expect(provider.port.frames.map((frame) => decodeOutcome(frame).code)).toEqual(['not_found', 'not_found']);
});

describe('while a handler runs', () => {
  test('progress and extensions go out; afterwards they are dropped', async () => {
    let job: Job | undefined;
    const { promise, resolve } = Promise.withResolvers<string>();
    const provider = new Provider((given) => {
      job = given;
      given.progress('half');
      given.extend(60_000);
      return promise;
    });
    provider.deliver(1);
    expect(provider.port.ofType(FrameType.Progress)).toHaveLength(1);
    expect(provider.port.ofType(FrameType.Extend)).toHaveLength(1);
    resolve('done');
    await provider.port.frame(FrameType.Response);
    job?.progress('late');
    expect(provider.port.ofType(FrameType.Progress)).toHaveLength(1);
  });

  test('one that does not stop when it is told to keeps its place and is reported, until it returns', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const provider = new Provider(() => promise, { concurrency: 2 });
    provider.deliver(1, { idempotencyKey: 'k' });
    provider.deliver(2, { idempotencyKey: 'k' });
    provider.deliver(3);
    provider.cancel(2, 'cancelled');
    provider.clock.advance(30_000);
    expect(provider.overdue).toEqual([]);
    provider.cancel(1, 'cancelled');
    provider.clock.advance(30_000);
    expect(provider.overdue).toEqual([{ device: 'zebra-1', jobs: 1, longestMs: 30_000 }]);
    provider.deliver(4);
    expect(decodeOutcome(await provider.port.frame(FrameType.Outcome)).code).toBe('busy');
    resolve('at last');
    await provider.running(0);
    expect(provider.clock.pendingTimers).toBe(0);
  });

  test('more time is not asked for while 32 MiB wait for the connection, and the handler hears why', () => {
    let refusal: unknown;
    const provider = new Provider((job) => {
      try {
        job.extend(60_000);
      } catch (error) {
        refusal = error;
        provider.port.bufferedBytes = 0;
        job.extend(60_000);
      }
    });
    provider.port.bufferedBytes = 32 * 1024 * 1024 + 1;
    provider.deliver(1);
    expect(refusal).toMatchObject({ code: 'quota', retryAfterMs: 100 });
    expect(provider.port.ofType(FrameType.Extend)).toHaveLength(1);
  });

  test('a cancel fires its signal with the reason, and its late result is dropped', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    let signal: AbortSignal | undefined;
    const provider = new Provider((job) => {
      ({ signal } = job);
      return promise;
    });
    provider.deliver(1);
    provider.cancel(1, 'deadline_exceeded');
    expect(signal?.reason).toMatchObject({ code: 'deadline_exceeded' });
    resolve('late');
    await provider.running(0);
    expect(provider.port.ofType(FrameType.Response)).toEqual([]);
  });

  test('one job more than the device takes is refused with busy, until one ends', async () => {
    const ends: ((text: string) => void)[] = [];
    const provider = new Provider(() => new Promise<string>((resolve) => ends.push(resolve)), { concurrency: 2 });
    for (const id of [1, 2, 3]) provider.deliver(id);
    expect(provider.port.ofType(FrameType.Outcome)).toMatchObject([{ id: 3 }]);
    expect(decodeOutcome(await provider.port.frame(FrameType.Outcome)).code).toBe('busy');
    ends[0]?.('done');
    await provider.running(1);
    provider.deliver(4);
    expect(ends).toHaveLength(3);
  });

  test('one job more than a program can keep apart is refused with busy, until one ends', async () => {
    const ends: ((text: string) => void)[] = [];
    const provider = new Provider(() => new Promise<string>((resolve) => ends.push(resolve)), { concurrency: 20_000 });
    for (let id = 1; id <= 16_385; id++) provider.deliver(id);
    expect(provider.port.ofType(FrameType.Outcome)).toMatchObject([{ id: 16_385 }]);
    ends[0]?.('done');
    await provider.running(16_383);
    provider.deliver(20_000);
    expect(ends).toHaveLength(16_385);
  });

  test('a handler that never returns holds its place and nothing else', () => {
    const provider = new Provider(() => new Promise<never>(() => {}), { concurrency: 2 });
    provider.deliver(1);
    provider.cancel(1, 'deadline_exceeded');
    expect(provider.jobs.size).toBe(1);
    provider.deliver(2);
    expect(provider.port.ofType(FrameType.Ack)).toHaveLength(2);
  });
});

describe('an acknowledgement that is held, as a session holds it until the end of the turn', () => {
  const types = ({ port }: Provider): (string | undefined)[] => port.frames.map(({ type }) => frameTypeName(type));
  const holding = (handler: Handler): Provider => {
    const provider = new Provider(handler);
    provider.port.acks = new HeldAcks();
    return provider;
  };
  const endOfTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

  test.each<[what: string, handler: Handler]>([
    ['at once', () => 'done'],
    ['with promises that are kept', async () => await Promise.resolve('done')],
  ])('is left out where the handler answers %s', async (_, handler) => {
    const provider = holding(handler);
    provider.deliver(1);
    await endOfTurn();
    expect(types(provider)).toEqual(['Response']);
  });

  test('goes out by itself while a handler runs on, once', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const provider = holding(() => promise);
    provider.deliver(1);
    expect(types(provider)).toEqual([]);
    await endOfTurn();
    expect(types(provider)).toEqual(['Ack']);
    resolve('done');
    await provider.port.frame(FrameType.Response);
    expect(types(provider)).toEqual(['Ack', 'Response']);
  });

  test('goes out before its connection is closed', () => {
    const acks = new HeldAcks();
    const provider = holding(() => new Promise(() => {}));
    provider.port.acks = acks;
    provider.deliver(1);
    acks.release();
    expect(types(provider)).toEqual(['Ack']);
  });

  test('goes before a sign of progress, and before a failure', async () => {
    const provider = holding((job) => {
      job.progress('half');
      throw new Error('out of ink');
    });
    provider.deliver(1);
    await endOfTurn();
    expect(types(provider)).toEqual(['Ack', 'Progress', 'Outcome']);
  });

  test('says nothing of a job that was cancelled, or whose connection is gone', async () => {
    const provider = holding(() => new Promise(() => {}));
    provider.deliver(1);
    provider.deliver(2);
    provider.cancel(1, 'cancelled');
    provider.jobs.lost(provider.port);
    await endOfTurn();
    expect(types(provider)).toEqual([]);
  });
});
