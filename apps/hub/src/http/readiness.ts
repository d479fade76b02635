import type { Clock } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';

/** What readiness depends on. */
export interface ReadinessDependencies {
  readonly clock: Clock;
  readonly store: { ping(): Promise<void> };
  readonly policy: { readonly freshness: { readonly stale: boolean } };
  readonly draining: () => boolean;
}

/** How long the database may take to answer, in milliseconds: a probe has to learn it before it gives up itself. */
export const PING_DEADLINE_MS = 2_000;

/**
 * Can the hub admit machines and take changes? Anybody may ask, so what failed is named in words;
 * the address of the database is in the log only.
 * @throws QconnError `hub_draining`, `policy_stale`, `database_unavailable`
 */
export async function checkReady({ clock, store, policy, draining }: ReadinessDependencies): Promise<void> {
  if (draining()) throw new QconnError('hub_draining', 'The hub is stopping.');
  if (policy.freshness.stale)
    throw new QconnError('policy_stale', 'The hub has been without its database for too long, and serves nobody.');
  const late = Promise.withResolvers<never>();
  const timer = clock.setTimer(PING_DEADLINE_MS, () =>
    late.reject(new Error(`The database has not answered within ${PING_DEADLINE_MS} ms.`)),
  );
  try {
    await Promise.race([store.ping(), late.promise]);
  } catch (cause) {
    throw new QconnError('database_unavailable', 'The hub’s database cannot be reached.', { cause });
  } finally {
    timer.cancel();
  }
}
