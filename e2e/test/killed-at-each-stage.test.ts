import { createDatabase } from '@qconn/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine, type SentRequest } from '../src/machine.ts';
import { SiteProcess } from '../src/site-process.ts';

/** Hub, senders and providers are processes; one is killed while requests of the sender have come to different stages. */
let site: SiteProcess;
let sender: Machine;
/** Answers at once, when its process does not stand still. */
let quick: Machine;
/** Answers when it is released. */
let slow: Machine;
const machines: Machine[] = [];

beforeAll(async () => {
  site = await SiteProcess.open(await createDatabase());
  [sender, quick, slow] = [await machine('sender'), await machine('quick'), await machine('slow')];
  await quick.provide('d', 'answers');
  await slow.provide('d', 'waits');
});

afterAll(async () => {
  await Promise.all(machines.map((one) => one.kill()));
  await site.close();
});

async function machine(name: string): Promise<Machine> {
  const { folder } = await site.enrol(name);
  const started = await Machine.start(folder);
  machines.push(started);
  return started;
}

function send(to: string, key: string): SentRequest {
  return sender.request(`work@${to}/d`, {
    idempotencyKey: key,
    headers: { key },
    waitForTarget: true,
    resolutionMs: 60_000,
    jobMs: 60_000,
  });
}

/** Requests that have come to a stage each, and no further: one whose target is away, one whose target stands still, one that runs. */
async function atThreeStages(prefix: string): Promise<{ requests: SentRequest[]; again: () => SentRequest[] }> {
  await site.enrol(`${prefix}-away`);
  await quick.standStill();
  const sent = (): SentRequest[] => [`${prefix}-away`, 'quick', 'slow'].map((to) => send(to, `${prefix} ${to}`));
  const requests = sent();
  const stages = ['accepted', 'forwarded', 'acknowledged'];
  await Promise.all(requests.map((request, index) => request.stage(stages[index] ?? '')));
  await slow.began(`${prefix} slow`);
  return { requests, again: sent };
}

/** Everything goes on: who was away comes, who stood still moves, who waits is released. */
async function allGoOn(prefix: string): Promise<Machine> {
  quick.goOn();
  slow.release();
  const away = await Machine.start(site.credentials(`${prefix}-away`).folder);
  machines.push(away);
  await away.provide('d', 'answers');
  return away;
}

async function ends(requests: readonly SentRequest[]): Promise<string[]> {
  return (await Promise.all(requests.map((request) => request.ended()))).map(({ how }) => how);
}

async function runsOf(prefix: string, ...at: readonly Machine[]): Promise<string[]> {
  const ran = await Promise.all(at.map((one) => one.ran()));
  return ran.flat().filter((key) => key.startsWith(prefix));
}

test('the hub: hub_lost for all, and each job runs once, whether before or for the retry', async () => {
  const { requests, again } = await atThreeStages('hub');
  await site.kill();
  await site.restart();
  // Who is silent learns of it at its next keepalive only.
  sender.request('work@nowhere/d');
  expect(await ends(requests)).toEqual(['hub_lost', 'hub_lost', 'hub_lost']);
  const away = await allGoOn('hub');
  expect(await ends(again())).toEqual(['completed', 'completed', 'completed']);
  expect(await runsOf('hub', away, quick, slow)).toEqual(['hub hub-away', 'hub quick', 'hub slow']);
});

test('the sender: what was not forwarded does not run without it, and its next run gets the answer of each job once run', async () => {
  const { again } = await atThreeStages('sender');
  await sender.restart();
  const away = await allGoOn('sender');
  // What waited for the machine would have come to it before this does.
  expect(await ends([send('sender-away', 'sender after')])).toEqual(['completed']);
  expect(await runsOf('sender', away)).toEqual(['sender after']);
  expect(await ends(again())).toEqual(['completed', 'completed', 'completed']);
  expect(await runsOf('sender', away, quick, slow)).toEqual([
    'sender after',
    'sender sender-away',
    'sender quick',
    'sender slow',
  ]);
});

test('the provider: what it had not acknowledged runs if it has a key; what ran is target_lost, and not run again', async () => {
  await slow.restart();
  await slow.provide('d', 'waits');
  await quick.standStill();
  const keyed = send('quick', 'provider keyed');
  const plain = sender.request('work@quick/d', { headers: { key: 'provider plain' }, resolutionMs: 60_000 });
  const running = send('slow', 'provider running');
  await Promise.all([keyed.stage('forwarded'), plain.stage('forwarded'), running.stage('acknowledged')]);
  await slow.began('provider running');
  await Promise.all([quick.restart(), slow.restart()]);
  await Promise.all([quick.provide('d', 'answers'), slow.provide('d', 'answers')]);
  expect(await ends([keyed, plain, running])).toEqual(['completed', 'not_acknowledged', 'target_lost']);
  expect(await ends([send('quick', 'provider keyed'), send('slow', 'provider running')])).toEqual([
    'completed',
    'result_unknown',
  ]);
  expect(await runsOf('provider', quick, slow)).toEqual(['provider keyed', 'provider running']);
});
