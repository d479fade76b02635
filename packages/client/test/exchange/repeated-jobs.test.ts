import { decodeOutcome, decodeResponse, FrameType, IDEMPOTENCY_TTL_MS, QconnError } from '@qconn/protocol';
import { describe, expect, test } from 'vitest';
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
