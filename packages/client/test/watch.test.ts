import {
  encodeCallFailed,
  encodeWatchChanges,
  encodeWatchSnapshot,
  FrameType,
  WATCH_BACKLOG_MAX,
  type PresenceChange,
} from '@qconn/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PresenceEvent } from '../src/presence/presence-event.ts';
import { ScriptedHub, type HubSide } from './scripted-hub.ts';

const PLACE = { fingerprint: 'qc1a', hostname: 'pc', device: 'd', serviceTypes: ['print'] };

let hub: ScriptedHub;
let session: HubSide;

beforeEach(async () => {
  hub = new ScriptedHub();
  hub.client.start();
  await hub.client.connected();
  session = await hub.session(1);
});

afterEach(() => hub.client.close());

function snapshot(to: HubSide, id: number, devices: readonly string[] = [], version = 0): void {
  const providers = devices.map((device) => ({ ...PLACE, device, online: true }));
  to.send(id, encodeWatchSnapshot(to.writer, id, { version, cause: 'begun', providers, last: true }));
}

function changes(to: HubSide, id: number, version: number, ...list: Partial<PresenceChange>[]): void {
  to.send(id, encodeWatchChanges(to.writer, id, { version, changes: list.map((change) => ({ ...PLACE, ...change })) }));
}

function inWords(event: PresenceEvent | undefined): string {
  if (event === undefined) return 'over';
  if (event.kind === 'snapshot') return `${event.cause}: ${event.providers.map(({ device }) => device).join(' ')}`;
  return event.kind === 'online' ? `${event.provider.device} came` : `${event.provider.device} ${event.reason}`;
}

async function next(watch: AsyncIterator<PresenceEvent>): Promise<string> {
  const { value } = (await watch.next()) as { value: PresenceEvent | undefined };
  return inWords(value);
}

/** Begins to read a watch. @returns it, its first read and the id that the hub knows it by */
async function begun(n = 1): Promise<{ watch: AsyncIterator<PresenceEvent>; first: Promise<string>; id: number }> {
  const watch = hub.client.watch({ serviceType: 'print' });
  const first = next(watch);
  const { id } = await session.frame(FrameType.Watch, n);
  return { watch, first, id };
}

test('a snapshot in several parts is one event; changes follow in their order', async () => {
  const { watch, first, id } = await begun();
  const part = { version: 7, cause: 'begun' as const };
  for (const device of ['a', 'b']) {
    const providers = [{ ...PLACE, device, online: true }];
    session.send(id, encodeWatchSnapshot(session.writer, id, { ...part, providers, last: device === 'b' }));
  }
  changes(session, id, 8, { device: 'c' }, { device: 'a', gone: 'idle_timeout' });
  expect([await first, await next(watch), await next(watch)]).toEqual(['begun: a b', 'c came', 'a idle_timeout']);
});

test('it goes on over a reconnect, with a snapshot that says so', async () => {
  const { watch, first, id } = await begun();
  snapshot(session, id, ['a']);
  expect(await first).toBe('begun: a');
  changes(session, id, 1, { device: 'b' });
  const away = hub.phase('backing_off');
  session.close('going_away');
  // What came before the end is read first.
  expect(await next(watch)).toBe('b came');
  const after = next(watch);
  await away;
  hub.clock.advance(30_000);
  const again = await hub.session(2);
  const { id: newId } = await again.frame(FrameType.Watch);
  snapshot(again, newId, ['b', 'c']);
  expect(await after).toBe('reconnected: b c');
});

test('a reader that falls behind finds a fresh snapshot, and the hub is asked for no more than that', async () => {
  const { watch, first, id } = await begun();
  snapshot(session, id);
  expect(await first).toBe('begun: ');
  const flap = Array.from({ length: 64 }, (_, n) => (n % 2 === 0 ? {} : { gone: 'closed' as const }));
  for (let sent = 0; sent <= WATCH_BACKLOG_MAX; sent += 64) changes(session, id, sent + 1, ...flap);
  const { id: newId } = await session.frame(FrameType.Watch, 2);
  expect((await session.frame(FrameType.Unwatch)).id).toBe(id);
  // Still on its way when the hub heard of it.
  changes(session, id, WATCH_BACKLOG_MAX + 65, {});
  snapshot(session, newId, ['x']);
  expect(await next(watch)).toBe('behind: x');
});

test('leaving the loop, or a signal, ends it at the hub', async () => {
  const { watch, first, id } = await begun();
  snapshot(session, id);
  await first;
  await watch.return?.();
  expect((await session.frame(FrameType.Unwatch)).id).toBe(id);
  const abort = new AbortController();
  const aborted = hub.client.watch({}, { signal: abort.signal });
  const pending = next(aborted);
  const { id: second } = await session.frame(FrameType.Watch, 2);
  abort.abort();
  expect(await pending).toBe('over');
  expect((await session.frame(FrameType.Unwatch, 2)).id).toBe(second);
});

test('it ends with the client', async () => {
  const { first } = await begun();
  await hub.client.close();
  expect(await first).toBe('over');
});

test('what the hub refuses it with, and a malformed filter, are thrown from the loop', async () => {
  const { first, id } = await begun();
  session.send(id, encodeCallFailed(session.writer, id, { code: 'quota', reason: 'full' }));
  await expect(first).rejects.toMatchObject({ code: 'quota', message: 'full' });
  await expect(next(hub.client.watch({ machine: '**' }))).rejects.toMatchObject({ code: 'bad_address' });
});

test('a hub that leaves a change out breaks the protocol', async () => {
  const { first, id } = await begun();
  snapshot(session, id);
  await first;
  changes(session, id, 2, {});
  expect((await session.connection.closed).error.code).toBe('unexpected_frame');
});
