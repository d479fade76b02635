import { connect, type Client } from '@qconn/client';
import { createDatabase } from '@qconn/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SiteProcess } from '../src/site-process.ts';

let site: SiteProcess;
let client: Client;

beforeAll(async () => {
  site = await SiteProcess.open(await createDatabase());
  client = await connect({ credentials: await site.enrol('machine'), agent: 'machine/1' });
  await client.connected({ phase: 'online' });
  await client.provide({ device: 'd', serviceTypes: ['work'] }, () => 'done');
});

afterAll(async () => {
  await client.close(0);
  await site.close();
});

test('a hub that was killed keeps what it knew, and tells the clients of its former life at once that they have to come back', async () => {
  await site.kill();
  await site.restart();
  const back = client.events();
  // The connection is dead and the client cannot know: what it sends now is answered with a stateless reset.
  const lost = client.request('work@machine/d', '', { resolutionMs: 25_000 });
  await expect(lost).rejects.toMatchObject({ code: 'hub_lost', retrySafe: false });
  for await (const event of back) if (event.kind === 'phase' && event.phase === 'online') break;
  await expect.poll(async () => Buffer.from((await client.request('work@machine/d', '')).body).toString()).toBe('done');
});
