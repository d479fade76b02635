import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@qconn/clock';
import {
  decodeHeaders,
  decodeOutcome,
  decodeResponse,
  FrameType,
  IDEMPOTENCY_TTL_MS,
  QconnError,
} from '@qconn/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Handler, Job } from '../../src/exchange/job.ts';
import { JobJournal } from '../../src/journal/job-journal.ts';
import { Provider } from './provider.ts';
import { RecordingPort } from './recording-port.ts';

/** Answers with how often it has run. */
function counting(): { provider: Provider; runs: () => number } {
  let runs = 0;
  return { provider: new Provider(() => `run ${++runs}`), runs: () => runs };
}

async function bodyOf(port: RecordingPort, n = 1): Promise<string> {
  return Buffer.from(decodeResponse(await port.frame(FrameType.Response, n)).body).toString();
}

describe('an idempotency key', () => {
  test('runs the job once; a retry, while it runs or after, gets the first outcome', async () => {
    const { provider, runs } = counting();
    for (const id of [1, 2]) provider.deliver(id, { idempotencyKey: 'label-7' });
    expect([await bodyOf(provider.port, 1), await bodyOf(provider.port, 2)]).toEqual(['run 1', 'run 1']);
    provider.deliver(3, { idempotencyKey: 'label-7' });
    expect(await bodyOf(provider.port, 3)).toBe('run 1');
    expect(provider.port.ofType(FrameType.Ack)).toHaveLength(3);
    expect(runs()).toBe(1);
  });

  test('belongs to its sender and device: another sender’s job runs', async () => {
    const { provider, runs } = counting();
    provider.deliver(1, { idempotencyKey: 'k' });
    provider.deliver(2, { idempotencyKey: 'k', from: { fingerprint: 'qc1other', hostname: undefined } });
    await bodyOf(provider.port, 2);
    expect(runs()).toBe(2);
  });

  test('lives an hour', async () => {
    const { provider, runs } = counting();
    provider.deliver(1, { idempotencyKey: 'k' });
    await bodyOf(provider.port);
    await provider.running(0);
    provider.clock.advance(IDEMPOTENCY_TTL_MS - 1);
    provider.deliver(2, { idempotencyKey: 'k' });
    await bodyOf(provider.port, 2);
    provider.clock.advance(1);
    provider.deliver(3, { idempotencyKey: 'k' });
    expect(await bodyOf(provider.port, 3)).toBe('run 2');
    expect(runs()).toBe(2);
  });

  test('repeats a failure, for part of the work may have been done', async () => {
    let runs = 0;
    const provider = new Provider(() => {
      runs++;
      throw new Error('paper jam');
    });
    for (const id of [1, 2]) provider.deliver(id, { idempotencyKey: 'k' });
    expect(decodeOutcome(await provider.port.frame(FrameType.Outcome, 2)).reason).toBe('paper jam');
    expect(runs).toBe(1);
  });

  test('does not hold on to a refusal, for nothing was done', async () => {
    let refuse = true;
    const provider = new Provider(() => {
      if (refuse) throw new QconnError('rejected', 'no paper');
      return 'printed';
    });
    provider.deliver(1, { idempotencyKey: 'k' });
    await provider.port.frame(FrameType.Outcome);
    await provider.running(0);
    refuse = false;
    provider.deliver(2, { idempotencyKey: 'k' });
    expect(await bodyOf(provider.port)).toBe('printed');
  });
});

describe('a job for which several exchanges wait', () => {
  const key = { idempotencyKey: 'k' };
  /** Two exchanges of one job that runs. */
  function two(): { provider: Provider; job: Job; end: (answer: string) => void } {
    const jobs: Job[] = [];
    const { promise, resolve } = Promise.withResolvers<string>();
    const provider = new Provider((job) => (jobs.push(job), promise));
    for (const id of [1, 2]) provider.deliver(id, key);
    return { provider, job: jobs[0] as Job, end: resolve };
  }

  test.each([
    ['the first', 1, 2],
    ['the retry', 2, 1],
  ])('runs on when %s is cancelled, and answers the other', async (_which, cancelled, other) => {
    const { provider, job, end } = two();
    provider.cancel(cancelled, 'cancelled');
    end('printed');
    expect([job.signal.aborted, await bodyOf(provider.port)]).toEqual([false, 'printed']);
    await provider.running(0);
    expect(provider.port.ofType(FrameType.Response).map(({ id }) => id)).toEqual([other]);
  });

  test.each([[[1, 2]], [[2, 1]]])('is stopped when nobody waits any more: cancelled in the order %j', (order) => {
    const { provider, job } = two();
    expect(order.map((id) => (provider.cancel(id, 'sender_lost'), job.signal.aborted))).toEqual([false, true]);
    expect((job.signal.reason as QconnError).code).toBe('sender_lost');
  });

  test('is stopped by the retry alone when the connection of the first is gone, and not by that', () => {
    const { provider, job } = two();
    const next = new RecordingPort();
    provider.jobs.lost(provider.port);
    expect(job.signal.aborted).toBe(false);
    provider.deliver(3, key, next);
    provider.cancel(3, 'cancelled', next);
    expect(job.signal.aborted).toBe(true);
  });

  test('is not awaited twice by a retry that comes again over another connection', () => {
    const { provider, job } = two();
    const next = new RecordingPort();
    provider.deliver(2, { ...key, redelivered: true }, next);
    provider.cancel(1, 'cancelled');
    provider.cancel(2, 'cancelled', next);
    expect(job.signal.aborted).toBe(true);
  });

  test('tells all of them of its progress, and asks for more time for all, also for who comes later', () => {
    const { provider, job } = two();
    job.progress('half');
    job.extend(5_000);
    provider.deliver(3, key);
    provider.cancel(1, 'cancelled');
    job.progress('three quarters');
    const ids = (type: number): number[] => provider.port.ofType(type).map(({ id }) => id);
    expect([ids(FrameType.Progress), ids(FrameType.Extend)]).toEqual([
      [1, 2, 2, 3],
      [1, 2, 3],
    ]);
  });

  test('answers none of those that were cancelled, of which there may be any number', async () => {
    const { provider, end } = two();
    for (let id = 3; id < 100; id++) {
      provider.deliver(id, key);
      provider.cancel(id, 'cancelled');
    }
    end('printed');
    await bodyOf(provider.port, 2);
    expect(provider.port.ofType(FrameType.Response).map(({ id }) => id)).toEqual([1, 2]);
  });
});

describe('an exchange that the hub forwards again', () => {
  test('is not run twice: the handler that runs on answers over the new connection', async () => {
    let runs = 0;
    const { promise, resolve } = Promise.withResolvers<string>();
    const provider = new Provider(() => {
      runs++;
      return promise;
    });
    provider.deliver(7);
    provider.jobs.lost(provider.port);
    const next = new RecordingPort();
    provider.deliver(7, { redelivered: true }, next);
    resolve('printed');
    expect(await bodyOf(next)).toBe('printed');
    expect(runs).toBe(1);
    expect(provider.port.ofType(FrameType.Response)).toEqual([]);
  });

  test('is not run twice when its answer was written to a connection that broke before it arrived', async () => {
    const { provider, runs } = counting();
    provider.deliver(7);
    await bodyOf(provider.port);
    provider.jobs.lost(provider.port);
    const next = new RecordingPort();
    provider.deliver(7, { redelivered: true }, next);
    expect(await bodyOf(next)).toBe('run 1');
    expect(runs()).toBe(1);
  });

  test('reaches the handler that runs on: its cancel does', () => {
    const signals: AbortSignal[] = [];
    const provider = new Provider(({ signal }) => (signals.push(signal), new Promise<never>(() => {})));
    const next = new RecordingPort();
    provider.deliver(7);
    provider.jobs.lost(provider.port);
    provider.deliver(7, { redelivered: true }, next);
    provider.cancel(7, 'sender_lost', next);
    expect(signals.map(({ aborted, reason }) => [aborted, (reason as QconnError).code])).toEqual([
      [true, 'sender_lost'],
    ]);
  });

  test('is heard from again: acknowledgement, progress, more time, and an answer of any length', async () => {
    const jobs: Job[] = [];
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    const provider = new Provider((job) => (jobs.push(job), promise));
    const next = new RecordingPort();
    provider.deliver(7);
    provider.jobs.lost(provider.port);
    jobs[0]?.progress('lost with its connection');
    provider.deliver(7, { redelivered: true }, next);
    jobs[0]?.progress('half');
    jobs[0]?.extend(5_000);
    resolve(new Uint8Array(100_000));
    expect(decodeResponse(await next.frame(FrameType.Response)).streamed).toEqual({ length: 100_000 });
    expect(next.frames.map(({ type }) => type)).toEqual([
      FrameType.Ack,
      FrameType.Progress,
      FrameType.Extend,
      FrameType.Response,
    ]);
    expect(next.bodies.size).toBe(1);
    expect(jobs).toHaveLength(1);
  });

  test('goes on over the new connection also where the hub has seen the end of the old one first', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const provider = new Provider(() => promise);
    const next = new RecordingPort();
    provider.deliver(7);
    provider.deliver(7, { redelivered: true }, next);
    provider.jobs.lost(provider.port);
    resolve('printed');
    expect(await bodyOf(next)).toBe('printed');
    expect(provider.port.ofType(FrameType.Response)).toEqual([]);
    await provider.running(0);
    provider.deliver(7, { redelivered: true });
    expect(await bodyOf(provider.port)).toBe('printed');
  });

  test('gets what the handler returned, whatever it has written to that memory since', async () => {
    const buffer = Buffer.from('printed');
    const provider = new Provider(() => buffer);
    provider.deliver(7);
    provider.deliver(8, { idempotencyKey: 'k' });
    await bodyOf(provider.port, 2);
    await provider.running(0);
    buffer.write('scanned');
    provider.deliver(7, { redelivered: true });
    provider.deliver(9, { idempotencyKey: 'k' });
    expect([await bodyOf(provider.port, 3), await bodyOf(provider.port, 4)]).toEqual(['printed', 'printed']);
  });

  test('is another job when the hub has restarted: its numbers begin anew', async () => {
    const { provider, runs } = counting();
    provider.deliver(7);
    await bodyOf(provider.port);
    provider.deliver(7, {}, provider.port, 'second run of the hub');
    expect(await bodyOf(provider.port, 2)).toBe('run 2');
    expect(runs()).toBe(2);
  });
});

describe('two connections at once, as after a hub has sent its client away', () => {
  test('the end of the old one takes nothing from jobs of the new one', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const provider = new Provider(() => promise);
    const next = new RecordingPort();
    provider.deliver(1);
    provider.deliver(1, {}, next, 'another hub');
    provider.jobs.lost(provider.port);
    resolve('printed');
    expect(await bodyOf(next)).toBe('printed');
    expect(provider.port.ofType(FrameType.Response)).toEqual([]);
  });

  test('a cancel from one hub does not stop the job of the same number from another', async () => {
    const signals: AbortSignal[] = [];
    const provider = new Provider(({ signal }) => {
      signals.push(signal);
      return new Promise<never>(() => {});
    });
    const next = new RecordingPort();
    provider.deliver(1);
    provider.deliver(1, {}, next, 'another hub');
    provider.cancel(1, 'cancelled', next);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
  });
});

describe('a program that keeps a journal', () => {
  let folder: string;
  const clock = new ManualClock();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'qconn-jobs-'));
  });

  const journals: JobJournal[] = [];

  afterEach(async () => {
    for (const journal of journals.splice(0)) await journal.close();
    await rm(folder, { recursive: true });
  });

  /** A run of the program; the runs before it have ended without a word. */
  async function start(handler: Handler): Promise<Provider> {
    const history = await JobJournal.open(join(folder, 'journal'), clock);
    journals.push(history.journal);
    return new Provider(handler, { history });
  }

  test('gives a retry the first outcome after a restart', async () => {
    const first = await start(() => 'printed once');
    first.deliver(1, { idempotencyKey: 'k' });
    expect(await bodyOf(first.port)).toBe('printed once');
    const second = await start(() => 'printed twice');
    second.deliver(1, { idempotencyKey: 'k' }, second.port, 'second run of the hub');
    expect(await bodyOf(second.port)).toBe('printed once');
    expect([first, second].map(({ jobs }) => jobs.remembersJobs)).toEqual([true, true]);
    expect(first.jobs.instance).not.toBe(second.jobs.instance);
  });

  test('does not run again what it stopped over: the result is unknown', async () => {
    const begun = Promise.withResolvers<void>();
    const first = await start(() => (begun.resolve(), new Promise(() => {})));
    first.deliver(1, { idempotencyKey: 'k' });
    await begun.promise;
    const second = await start(() => 'printed twice');
    second.deliver(1, { idempotencyKey: 'k', redelivered: true });
    expect(decodeOutcome(await second.port.frame(FrameType.Outcome))).toMatchObject({ code: 'result_unknown' });
  });

  test('runs again what it refused', async () => {
    const refuse = (): never => {
      throw new QconnError('rejected', 'no paper');
    };
    const first = await start(refuse);
    first.deliver(1, { idempotencyKey: 'k' });
    await first.port.frame(FrameType.Outcome);
    const second = await start(() => 'printed');
    second.deliver(1, { idempotencyKey: 'k' });
    expect(await bodyOf(second.port)).toBe('printed');
  });

  test('runs nothing that it cannot write down', async () => {
    const history = await JobJournal.open(join(folder, 'journal'), clock);
    await history.journal.close();
    const provider = new Provider(() => 'printed', { history });
    provider.deliver(1, { idempotencyKey: 'k' });
    expect(decodeOutcome(await provider.port.frame(FrameType.Outcome)).code).toBe('journal_unusable');
    provider.deliver(2);
    expect(await bodyOf(provider.port)).toBe('printed');
  });

  test('does not run what was cancelled while it was being written down', async () => {
    let runs = 0;
    const provider = await start(() => `run ${++runs}`);
    provider.deliver(1, { idempotencyKey: 'k' });
    provider.cancel(1, 'cancelled');
    await provider.running(0);
    expect(runs).toBe(0);
    provider.deliver(2, { idempotencyKey: 'k' });
    expect(await bodyOf(provider.port)).toBe('run 1');
  });

  test('runs what was cancelled while it was being written down if a retry has come meanwhile, and until that is cancelled', async () => {
    const begun = Promise.withResolvers<AbortSignal>();
    const finished = Promise.withResolvers<string>();
    const provider = await start((job) => (begun.resolve(job.signal), finished.promise));
    provider.deliver(1, { idempotencyKey: 'k' });
    provider.cancel(1, 'cancelled');
    provider.deliver(2, { idempotencyKey: 'k' });
    const signal = await begun.promise;
    provider.clock.advance(60_000);
    expect([signal.aborted, provider.overdue]).toEqual([false, []]);
    provider.cancel(2, 'cancelled');
    expect(signal.aborted).toBe(true);
    finished.resolve('stopped');
    await provider.running(0);
    expect(provider.port.ofType(FrameType.Response)).toEqual([]);
  });
});

describe('an inquiry', () => {
  const inquire = async (provider: Provider, id: number, idempotencyKey: string): Promise<string> => {
    provider.deliver(id, { idempotencyKey, inquiry: true });
    const { headers, body } = decodeResponse(await provider.port.frame(FrameType.Response, id));
    return decodeHeaders(headers)['qconn-job'] ?? Buffer.from(body).toString();
  };

  test('runs nothing, and tells what became of the job', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    let runs = 0;
    const provider = new Provider(() => (runs++, promise));
    expect(await inquire(provider, 1, 'k')).toBe('absent');
    provider.deliver(9, { idempotencyKey: 'k' });
    expect(await inquire(provider, 2, 'k')).toBe('running');
    resolve('printed');
    await provider.running(0);
    expect(await inquire(provider, 4, 'k')).toBe('printed');
    expect(runs).toBe(1);
  });

  test('learns nothing of another sender’s job', async () => {
    const provider = new Provider(() => 'printed');
    provider.deliver(1, { idempotencyKey: 'k', from: { fingerprint: 'qc1other', hostname: undefined } });
    await provider.running(0);
    expect(await inquire(provider, 2, 'k')).toBe('absent');
  });
});
