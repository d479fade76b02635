import { createDatabase } from '@qconn/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../src/machine.ts';
import { SiteProcess } from '../src/site-process.ts';

let site: SiteProcess;
let machine: Machine;

beforeAll(async () => {
  site = await SiteProcess.open(await createDatabase());
  machine = await Machine.start((await site.enrol('machine')).folder);
  await machine.provide('d', 'answers');
});

afterAll(async () => {
  await machine.kill();
  await site.close();
});

test('a hub that was killed keeps what it knew, and tells the clients of its former life at once that they have to come back', async () => {
  // It says nothing while the hub is away, however long a start takes: the system would tell it that nobody listens.
  const lost = await machine.standStillBefore('work@machine/d');
  await site.kill();
  await site.restart();
  machine.goOn();
  // The connection is dead and the client cannot know: what it sends now is answered with a stateless reset.
  expect(await lost.ended()).toEqual({ how: 'hub_lost', retrySafe: false });
  const back = machine.request('work@machine/d', { waitForTarget: true, resolutionMs: 60_000 });
  expect(await back.ended()).toEqual({ how: 'completed', retrySafe: false });
});
