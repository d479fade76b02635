import type { Client } from '@qconn/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from '../src/site.ts';

let site: Site;
let lims: Client;
let provider: Client;

beforeAll(async () => {
  site = await Site.open();
  lims = await site.member('lims', [
    { effect: 'allow', verb: 'submit', serviceTypes: ['*'] },
    { effect: 'allow', verb: 'query', serviceTypes: ['*'] },
  ]);
  provider = await site.member('provider', [{ effect: 'allow', verb: 'provide', serviceTypes: ['*'] }]);
  await provider.provide({ device: 'd', serviceTypes: ['work'] }, () => 'done');
});

afterAll(() => site.close());

async function phase(client: Client, wanted: string): Promise<void> {
  if (client.phase === wanted) return;
  for await (const event of client.events()) if (event.kind === 'phase' && event.phase === wanted) return;
}

test('a hub that stops tells its clients, and they are back by themselves when it serves again', async () => {
  const away = [phase(lims, 'backing_off'), phase(provider, 'backing_off')];
  const said = provider.events();
  await site.stop();
  await Promise.all(away);
  await expect(lims.request('work', '', { whenOffline: 'fail' })).rejects.toMatchObject({ retrySafe: true });
  const waiting = lims.request('work', '', { resolutionMs: 60_000 });
  await site.restart();
  // The sender may be back before the provider: then nobody provides this yet, which is safe to retry.
  const reply = await waiting.catch(async () => {
    for await (const event of said) if (event.kind === 'provided') break;
    return lims.request('work@provider/d', '');
  });
  expect(Buffer.from(reply.body).toString()).toBe('done');
});

test('a device stays provided over the reconnect', async () => {
  await phase(provider, 'online');
  expect(await lims.query({ serviceType: 'work' })).toMatchObject([{ hostname: 'provider', device: 'd' }]);
});

test('a machine that connects twice keeps the newer session', async () => {
  const twin = await site.connect('provider');
  await twin.provide({ device: 'e', serviceTypes: ['other'] }, () => 'from the twin');
  await phase(provider, 'backing_off');
  expect(provider.lastError?.code).toBe('superseded');
  expect(Buffer.from((await lims.request('other@provider/e', '')).body).toString()).toBe('from the twin');
  await twin.close();
});
