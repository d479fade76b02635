import { decodeOutcome, decodeResponse, FrameType, QconnError } from '@qconn/protocol';
import type { Stream } from '@qconn/transport';
import { describe, expect, test } from 'vitest';
import type { Job } from '../../src/exchange/job.ts';
import { Provider } from './provider.ts';
import { RecordingPort } from './recording-port.ts';

const LONG = new Uint8Array(100_000);

describe('a streamed answer', () => {
  test('is announced with its length and held ready until somebody asks for it', async () => {
    const provider = new Provider(() => LONG);
    provider.deliver(1);
    const response = decodeResponse(await provider.port.frame(FrameType.Response));
    expect(response).toMatchObject({ body: new Uint8Array(0), streamed: { length: LONG.length } });
    expect(provider.port.bodies.size).toBe(1);
    provider.cancel(1, 'sender_lost');
    expect(provider.port.bodies.size).toBe(0);
  });

  test('has headers, and no length when it is a stream', async () => {
    const provider = new Provider(() => ({ headers: { kind: 'log' }, body: new Blob([LONG]).stream() }));
    provider.deliver(1);
    const response = decodeResponse(await provider.port.frame(FrameType.Response));
    expect(response.streamed).toEqual({ length: undefined });
    expect(response.headers).not.toHaveLength(0);
  });

  test('is not kept: who comes again learns that the job has run', async () => {
    let runs = 0;
    const provider = new Provider(() => {
      runs++;
      return LONG;
    });
    provider.deliver(1, { idempotencyKey: 'k' });
    await provider.port.frame(FrameType.Response);
    provider.deliver(2, { idempotencyKey: 'k' });
    expect(decodeOutcome(await provider.port.frame(FrameType.Outcome)).code).toBe('answer_gone');
    expect(runs).toBe(1);
  });

  test('is let go when the connection was lost before the handler returned', async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
    const answer = Promise.withResolvers<ReadableStream<Uint8Array>>();
    const provider = new Provider(() => answer.promise);
    provider.deliver(1);
    await provider.port.frame(FrameType.Ack);
    provider.jobs.lost(provider.port);
    answer.resolve(stream);
    await provider.running(0);
    expect(cancelled).toBe(true);
    const port = new RecordingPort();
    provider.deliver(1, { redelivered: true }, port);
    expect(decodeOutcome(await port.frame(FrameType.Outcome)).code).toBe('answer_gone');
  });
});

describe('a streamed request', () => {
  const jobOf = async (): Promise<Job> => {
    const delivered = Promise.withResolvers<Job>();
    new Provider((job) => {
      delivered.resolve(job);
      return new Promise<never>(() => {});
    }).deliver(1, { streamed: { length: 5 } });
    return delivered.promise;
  };

  test('has a stream and no body: whoever reads the body learns so', async () => {
    const job = await jobOf();
    expect(job.streamed).toBe(true);
    expect(job.stream.length).toBe(5);
    expect(() => job.body).toThrow(QconnError);
  });

  test('is asked for over the connection on which the job came again, unless it was opened before', async () => {
    const jobs: Job[] = [];
    const provider = new Provider((job) => {
      jobs.push(job);
      return new Promise<never>(() => {});
    });
    const asked: [string, number][] = [];
    const asking = (connection: string): RecordingPort =>
      new RecordingPort(({ id }) => {
        asked.push([connection, id]);
        return { read: () => {} } as unknown as Stream;
      });
    const [first, second] = [asking('first'), asking('second')];
    for (const id of [1, 2]) provider.deliver(id, { streamed: { length: 5 } }, first);
    void jobs[0]?.stream.bytes();
    provider.jobs.lost(first);
    for (const id of [1, 2]) provider.deliver(id, { streamed: { length: 5 }, redelivered: true }, second);
    void jobs[1]?.stream.bytes();
    expect([asked, first.bodies.size, second.bodies.size]).toEqual([
      [
        ['first', 1],
        ['second', 2],
      ],
      1,
      1,
    ]);
  });

  test('that is not there any more fails its handler, which is told as such', async () => {
    const provider = new Provider(async ({ stream }) => String(await stream.bytes()));
    provider.deliver(1, { streamed: { length: 5 } });
    const { code, reason } = decodeOutcome(await provider.port.frame(FrameType.Outcome));
    expect({ code, reason }).toEqual({ code: 'handler_failed', reason: 'The body could not be asked for.' });
  });
});

test('an inline body can be read as a stream', async () => {
  const provider = new Provider(async ({ stream, streamed }) => `${streamed} ${(await stream.bytes()).length}`);
  provider.deliver(1, { body: Uint8Array.of(1, 2, 3) });
  const { body } = decodeResponse(await provider.port.frame(FrameType.Response));
  expect(Buffer.from(body).toString()).toBe('false 3');
});

test('progress is bytes, text, or JSON that says so', async () => {
  const provider = new Provider((job) => {
    for (const sign of [Uint8Array.of(7), 'half', { page: 2, of: 3 }]) job.progress(sign);
  });
  provider.deliver(1);
  await provider.port.frame(FrameType.Response);
  expect(
    provider.port.ofType(FrameType.Progress).map(({ flags, body }) => [flags, Buffer.from(body).toString()]),
  ).toEqual([
    [0, '\x07'],
    [0, 'half'],
    [1, '{"page":2,"of":3}'],
  ]);
});
