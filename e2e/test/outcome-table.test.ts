import { join } from 'node:path';
import { CredentialStore, enroll } from '@qconn/client';
import { ERROR_TABLE, type ErrorCode } from '@qconn/protocol';
import { createDatabase } from '@qconn/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine, type SentRequest } from '../src/machine.ts';
import { SiteProcess } from '../src/site-process.ts';

/** Every outcome of the table, brought about in a hub, a provider and a sender that are processes of their own. */
let site: SiteProcess;
let sender: Machine;
let provider: Machine;
const machines: Machine[] = [];
const seen = new Set<string>();

beforeAll(async () => {
  site = await SiteProcess.open(await createDatabase(), { QCONN_HUB_LIMITS_EXCHANGES_IN_FLIGHT: '4' });
  [sender, provider] = [await machine('sender'), await machine('provider')];
  await site.enrol('away');
  for (const behaviour of ['answers', 'hangs', 'throws', 'rejects', 'streams', 'cuts'] as const)
    await provider.provide(behaviour, behaviour);
});

afterAll(async () => {
  await Promise.all(machines.map((one) => one.kill()));
  await site.close();
});

async function machine(name: string, options?: { readonly noDisk: boolean }): Promise<Machine> {
  const { folder } = await site.enrol(name);
  const started = await Machine.start(folder, options);
  machines.push(started);
  return started;
}

async function ends(request: SentRequest, how: ErrorCode | 'completed'): Promise<void> {
  const ending = await request.ended();
  seen.add(ending.how);
  expect(ending).toEqual({ how, retrySafe: how !== 'completed' && ERROR_TABLE[how].retrySafe });
}

/** The exchanges of a machine that ended so, as the hub remembers them. */
async function remembered(outcome: ErrorCode, from: string): Promise<readonly unknown[]> {
  return ((await site.api.call('GET', `/v1/exchanges?outcome=${outcome}&from=${from}`)) as { items: unknown[] }).items;
}

let cancels = 0;

/** Cancels a request of the sender's. Resolves when the hub has heard of it: its sender has its word before that. */
async function cancel(request: SentRequest): Promise<void> {
  cancels += 1;
  request.cancel();
  await ends(request, 'cancelled');
  await expect.poll(() => remembered('cancelled', 'sender')).toHaveLength(cancels);
}

test.each([
  ['completed', 'work@provider/answers', {}],
  ['not_found', 'work@nowhere', {}],
  ['offline', 'work@away', {}],
  ['rejected', 'work@provider/rejects', {}],
  ['handler_failed', 'work@provider/throws', {}],
  ['deadline_exceeded', 'work@provider/hangs', { jobMs: 200 }],
  ['too_large', 'work@provider/answers', { headers: { note: 'x'.repeat(8_192) } }],
  ['body_cut', 'work@provider/cuts', {}],
] as const)('%s', async (how, address, options) => {
  await ends(sender.request(address, options), how);
});

test('forbidden', async () => {
  await site.api.call('PUT', '/v1/roles/none', { grants: [] }, { 'if-none-match': '*' });
  const { token } = (await site.api.call('POST', '/v1/tokens', { roles: ['none'], autoApprove: true })) as {
    token: string;
  };
  const store = new CredentialStore(join(site.folder, 'poor'));
  await enroll({ hub: site.api.url.origin, token, store, hostname: 'poor', agent: 'e2e/1' });
  const poor = await Machine.start(store.folder);
  machines.push(poor);
  await ends(poor.request('work@provider/answers'), 'forbidden');
});

test('cancelled', async () => {
  const request = sender.request('work@provider/hangs');
  await request.stage('acknowledged');
  await cancel(request);
});

test('cancelled: a retry stops the job that its sender began before it was killed', async () => {
  await provider.provide('stops', 'stops');
  const began = await machine('began');
  const options = { idempotencyKey: 'order-0', headers: { key: 'order-0' } };
  await began.request('work@provider/stops', options).stage('acknowledged');
  await provider.began('order-0');
  await began.restart();
  const retry = began.request('work@provider/stops', options);
  await retry.stage('acknowledged');
  retry.cancel();
  await ends(retry, 'cancelled');
  // Before that, who asks for the job waits for it, and it is not stopped.
  await provider.stopped('order-0');
  expect(await remembered('cancelled', 'began')).toHaveLength(1);
  await ends(began.request('work@provider/stops', options), 'handler_failed');
});

test('body_corrupt: the provider is a faulty program, whose digest is not that of what it sent', async () => {
  const liar = await machine('liar');
  await liar.provide('lies', 'lies');
  await ends(sender.request('work@liar/lies'), 'body_corrupt');
});

test('busy', async () => {
  await provider.provide('single', 'hangs', 1);
  const first = sender.request('work@provider/single');
  await first.stage('acknowledged');
  await ends(sender.request('work@provider/single'), 'busy');
  await cancel(first);
});

test('quota', async () => {
  const others = Array.from({ length: 4 }, () => sender.request('work@provider/hangs'));
  await Promise.all(others.map((other) => other.stage('acknowledged')));
  await ends(sender.request('work@provider/answers'), 'quota');
  for (const other of others) await cancel(other);
});

test('not_acknowledged: the provider’s process stands still', async () => {
  await provider.standStill();
  await ends(sender.request('work@provider/answers', { resolutionMs: 300 }), 'not_acknowledged');
  provider.goOn();
});

test('target_lost, then result_unknown for the same key: the provider’s process was killed over the job', async () => {
  const frail = await machine('frail');
  await frail.provide('hangs', 'hangs');
  const options = { idempotencyKey: 'order-1', headers: { key: 'order-1' }, jobMs: 600_000 };
  const request = sender.request('work@frail/hangs', options);
  await request.stage('acknowledged');
  await frail.began('order-1');
  await frail.restart();
  await ends(request, 'target_lost');
  await frail.provide('hangs', 'answers');
  await ends(sender.request('work@frail/hangs', { idempotencyKey: 'order-1' }), 'result_unknown');
});

test('answer_gone: a streamed answer is not kept for a repetition', async () => {
  const options = { idempotencyKey: 'order-2' };
  await ends(sender.request('work@provider/streams', options), 'completed');
  await ends(sender.request('work@provider/streams', options), 'answer_gone');
});

test('journal_unusable: the provider’s disk takes no more', async () => {
  const full = await machine('full', { noDisk: true });
  await full.provide('answers', 'answers');
  await ends(sender.request('work@full/answers', { idempotencyKey: 'order-3' }), 'journal_unusable');
  await ends(sender.request('work@full/answers'), 'completed');
});

test('sender_lost: the sender’s process was killed, and the hub remembers what became of its job', async () => {
  const [lost, worker] = [await machine('lost'), await machine('worker')];
  await worker.provide('hangs', 'hangs');
  const request = lost.request('work@worker/hangs', { jobMs: 600_000 });
  await request.stage('acknowledged');
  await lost.restart();
  // The job runs on for its sender, until it ends.
  await worker.restart();
  await expect.poll(() => remembered('sender_lost', 'lost')).toHaveLength(1);
  seen.add('sender_lost');
});

/** A request that waits for a machine that does not come. */
async function waiting(): Promise<SentRequest> {
  const request = sender.request('work@away', { waitForTarget: true, resolutionMs: 60_000 });
  await request.stage('accepted');
  return request;
}

test('hub_lost: the hub’s process was killed while a request was in flight', async () => {
  const request = await waiting();
  await site.kill();
  await site.restart();
  await ends(request, 'hub_lost');
});

test('hub_draining: the hub stops while a request waits for its target', async () => {
  const request = await waiting();
  await site.hub.kill('SIGTERM');
  await ends(request, 'hub_draining');
});

test('these are all the outcomes that there are', () => {
  const outcomes = Object.entries(ERROR_TABLE).filter(([, { wire }]) => wire < 0x40);
  const expected = outcomes.map(([code]) => code);
  expect([...seen].filter((code) => code !== 'completed').toSorted()).toEqual(expected.toSorted());
});
