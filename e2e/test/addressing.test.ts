import type { Client, StageReport } from '@qconn/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from '../src/site.ts';

let site: Site;
let lims: Client;
const providers = new Map<string, Client>();

beforeAll(async () => {
  site = await Site.open();
  lims = await site.member('lims', [{ effect: 'allow', verb: 'submit', serviceTypes: ['work', 'late'] }]);
  for (const name of ['one', 'two', 'three']) {
    const provider = await site.member(name, [{ effect: 'allow', verb: 'provide', serviceTypes: ['*'] }]);
    providers.set(name, provider);
    await provider.provide({ device: 'd', serviceTypes: ['work'] }, ({ body }) => {
      if (name === 'two') throw new Error('jammed');
      return `${name} ${Buffer.from(body).toString()}`;
    });
  }
});

afterAll(() => site.close());

test('a fan-out reaches every provider, and each answers for itself', async () => {
  const said: Record<string, string> = {};
  const fanOut = lims.requestAll('work', 'x');
  for await (const result of fanOut) {
    const name = result.target?.hostname ?? '?';
    said[name] = 'reply' in result ? Buffer.from(result.reply.body).toString() : result.error.message;
  }
  expect(said).toEqual({ one: 'one x', two: 'jammed', three: 'three x' });
  expect(await fanOut.summary).toEqual({ targets: 3, completed: 2, failed: 1, more: false });
  expect(await lims.requestAll('work', '', { limit: 2 }).summary).toMatchObject({ targets: 2, more: true });
  await expect(lims.requestAll('elsewhere', '').summary).rejects.toMatchObject({ code: 'forbidden' });
  await expect(lims.requestAll('late', '').summary).rejects.toMatchObject({ code: 'not_found' });
});

test('a stickiness key finds the same machine each time', async () => {
  const target = async (stickyKey: string): Promise<string | undefined> => {
    let found: string | undefined;
    const onStatus = (report: StageReport): void => void (found ??= report.target?.hostname);
    await lims.request('work', '', { stickyKey, onStatus }).catch(() => {});
    return found;
  };
  const keys = Array.from({ length: 12 }, (_, n) => `order-${n}`);
  const first = await Promise.all(keys.map(target));
  expect(await Promise.all(keys.map(target))).toEqual(first);
  expect(new Set(first).size).toBeGreaterThan(1);
});

test('a request may wait for its target to appear', async () => {
  const accepted = Promise.withResolvers<void>();
  const onStatus = ({ stage }: StageReport): void => {
    if (stage === 'accepted') accepted.resolve();
  };
  const reply = lims.request('late@one/e', '', { waitForTarget: true, resolutionMs: 60_000, onStatus });
  await accepted.promise;
  await providers.get('one')?.provide({ device: 'e', serviceTypes: ['late'] }, () => 'here at last');
  expect(Buffer.from((await reply).body).toString()).toBe('here at last');
});
