import { QconnError, type Client, type Job } from '@qconn/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from '../src/site.ts';

let site: Site;
let lims: Client;
let provider: Client;

beforeAll(async () => {
  site = await Site.open();
  lims = await site.member('lims', [{ effect: 'allow', verb: 'submit', serviceTypes: ['*'] }]);
  provider = await site.member('provider', [
    { effect: 'allow', verb: 'provide', serviceTypes: ['*'] },
    { effect: 'allow', verb: 'submit', serviceTypes: ['*'] },
  ]);
});

afterAll(() => site.close());

/** Provides a device for one test. */
async function device(
  name: string,
  handler: (job: Job) => ReturnType<Parameters<Client['provide']>[1]>,
  concurrency?: number,
): Promise<string> {
  await provider.provide({ device: name, serviceTypes: ['work'], concurrency }, handler);
  return `work@provider/${name}`;
}

/** A promise that its owner settles. */
function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { given: promise, give: () => resolve() };
}

test('rejected: the handler refuses, and a retry is safe', async () => {
  const address = await device('refuses', () => {
    throw new QconnError('rejected', 'The tray is empty.');
  });
  await expect(lims.request(address, '')).rejects.toMatchObject({
    code: 'rejected',
    message: 'The tray is empty.',
    retrySafe: true,
  });
});

test('handler_failed: the handler throws, and harms nothing else', async () => {
  const address = await device('fails', ({ body }) => {
    if (body.length === 0) throw new Error('the head is stuck');
    return 'fine';
  });
  await expect(lims.request(address, '')).rejects.toMatchObject({
    code: 'handler_failed',
    message: 'the head is stuck',
    retrySafe: false,
  });
  expect(Buffer.from((await lims.request(address, 'x')).body).toString()).toBe('fine');
});

test('handler_failed: the handler returns garbage', async () => {
  const address = await device('garbage', () => 42 as unknown as string);
  await expect(lims.request(address, '')).rejects.toMatchObject({ code: 'handler_failed' });
});

test('deadline_exceeded: acknowledged, no result in time, and the handler is told to stop', async () => {
  const stopped = signal();
  const address = await device('slow', ({ signal: stop }) => {
    stop.addEventListener('abort', stopped.give);
    return new Promise(() => {});
  });
  const stages: string[] = [];
  const outcome = lims.request(address, '', { jobMs: 50, onStatus: ({ stage }) => stages.push(stage) });
  await expect(outcome).rejects.toMatchObject({ code: 'deadline_exceeded', retrySafe: false });
  expect(stages).toEqual(['accepted', 'resolved', 'forwarded', 'acknowledged', 'failed']);
  await stopped.given;
});

test('a provider that needs longer says so, and gives signs of progress', async () => {
  const address = await device('patient', async (job) => {
    job.extend(60_000);
    job.progress('half');
    await new Promise((resolve) => setTimeout(resolve, 300));
    return 'done';
  });
  const progress: string[] = [];
  const reply = await lims.request(address, '', {
    jobMs: 100,
    onProgress: (body) => progress.push(Buffer.from(body).toString()),
  });
  expect(Buffer.from(reply.body).toString()).toBe('done');
  expect(progress).toEqual(['half']);
});

test('cancelled: the caller’s signal reaches the handler', async () => {
  const [running, stopped] = [signal(), signal()];
  const address = await device('endless', ({ signal: stop }) => {
    stop.addEventListener('abort', stopped.give);
    running.give();
    return new Promise(() => {});
  });
  const abort = new AbortController();
  const outcome = lims.request(address, '', { signal: abort.signal });
  await running.given;
  abort.abort();
  await expect(outcome).rejects.toMatchObject({ code: 'cancelled' });
  await stopped.given;
});

test('busy: a device at its limit of jobs', async () => {
  const [running, go] = [signal(), signal()];
  const address = await device(
    'single',
    async () => {
      running.give();
      await go.given;
    },
    1,
  );
  const first = lims.request(address, '');
  await running.given;
  await expect(lims.request(address, '')).rejects.toMatchObject({ code: 'busy', retrySafe: true });
  go.give();
  await first;
});

test('an idempotency key runs the job once, and a retry gets the first outcome', async () => {
  let runs = 0;
  const address = await device('counted', () => String(++runs));
  const options = { idempotencyKey: 'order-17' };
  const first = await lims.request(address, '', options);
  const second = await lims.request(address, '', options);
  expect([Buffer.from(first.body).toString(), Buffer.from(second.body).toString(), runs]).toEqual(['1', '1', 1]);
});

test('headers travel both ways', async () => {
  const address = await device('headers', ({ headers }) => ({
    body: '',
    headers: { answer: `${headers['question']}!` },
  }));
  const { headers } = await lims.request(address, '', { headers: { question: 'grüezi' } });
  expect(headers['answer']).toBe('grüezi!');
});

test('a handler may send requests of its own while it runs', async () => {
  const inner = await device('inner', () => 'inner');
  const outer = await device('outer', async () => (await provider.request(inner, '')).body);
  expect(Buffer.from((await lims.request(outer, '')).body).toString()).toBe('inner');
});

test('a callback of the caller’s that throws cancels its own request and nothing else', async () => {
  const address = await device('watched', () => 'fine');
  const onStatus = (): void => {
    throw new Error('in the caller’s own code');
  };
  await expect(lims.request(address, '', { onStatus })).rejects.toMatchObject({ code: 'cancelled' });
  await lims.request(address, '');
});

test('target_lost: acknowledged, then the provider’s connection ended', async () => {
  const running = signal();
  const frail = await site.member('frail', [{ effect: 'allow', verb: 'provide', serviceTypes: ['*'] }]);
  await frail.provide({ device: 'd', serviceTypes: ['work'] }, () => {
    running.give();
    return new Promise(() => {});
  });
  const lost = expect(lims.request('work@frail/d', '')).rejects.toMatchObject({
    code: 'target_lost',
    retrySafe: false,
  });
  await running.given;
  await frail.close(0);
  await lost;
});

test('many at once come back each to its own caller', async () => {
  const address = await device('echo', ({ body }) => body, 1_000);
  const text = async (n: number): Promise<string> => Buffer.from((await lims.request(address, `${n}`)).body).toString();
  // As many at once as a hub that is held up lets wait: of more it refuses those for which it is late.
  const replies = await Promise.all(Array.from({ length: 250 }, async (_, n) => [await text(n), await text(n + 250)]));
  expect(replies).toEqual(Array.from({ length: 250 }, (_, n) => [`${n}`, `${n + 250}`]));
});
