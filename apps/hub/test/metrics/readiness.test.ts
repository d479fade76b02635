import { ManualClock } from '@qconn/clock';
import { expect, test } from 'vitest';
import { checkReady, PING_DEADLINE_MS } from '../../src/http/readiness.ts';

const clock = new ManualClock();
const serving = (): boolean => false;
const policy = { freshness: { stale: false } };

test('a hub whose database answers is ready', async () => {
  await expect(
    checkReady({ clock, store: { ping: async () => {} }, policy, draining: serving }),
  ).resolves.toBeUndefined();
});

test('one whose database fails is not, and does not say where the database is', async () => {
  const cause = new Error('connect ECONNREFUSED 10.1.2.3:5432');
  const ready = checkReady({ clock, store: { ping: async () => Promise.reject(cause) }, policy, draining: serving });
  await expect(ready).rejects.toMatchObject({
    code: 'database_unavailable',
    message: 'The hub’s database cannot be reached.',
    cause,
  });
});

test('nor is one whose database says nothing', async () => {
  const ready = checkReady({ clock, store: { ping: async () => new Promise(() => {}) }, policy, draining: serving });
  clock.advance(PING_DEADLINE_MS);
  await expect(ready).rejects.toMatchObject({ code: 'database_unavailable' });
});

test('nor is one that drains, whatever its database says', async () => {
  const ready = checkReady({ clock, store: { ping: async () => {} }, policy, draining: () => true });
  await expect(ready).rejects.toMatchObject({ code: 'hub_draining' });
});

test('nor is one that has been without its database for too long, until it has caught up with it', async () => {
  const stale = { freshness: { stale: true } };
  const ready = checkReady({ clock, store: { ping: async () => {} }, policy: stale, draining: serving });
  await expect(ready).rejects.toMatchObject({ code: 'policy_stale' });
});
