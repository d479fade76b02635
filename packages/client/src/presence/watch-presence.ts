import { QconnError, type ProviderFilter } from '@qconn/protocol';
import type { Uplink } from '../supervisor/uplink.ts';
import type { PresenceEvent } from './presence-event.ts';

/**
 * Presence over any number of connections: each begins with a snapshot.
 * @throws QconnError `bad_address` for a malformed filter; what the hub refuses the watch with; a permanent refusal of
 *   the machine, such as `revoked`
 */
export async function* watchPresence(
  uplink: Uplink,
  filter: ProviderFilter,
  signal: AbortSignal | undefined,
): AsyncGenerator<PresenceEvent, void> {
  const over = (): boolean => signal?.aborted === true;
  let seen = false;
  while (!over()) {
    if (uplink.session === undefined && !(await reconnected(uplink, signal))) return;
    const { session } = uplink;
    if (session === undefined) continue;
    const stream = session.watch(filter);
    const end = (): void => stream.end();
    signal?.addEventListener('abort', end, { once: true });
    try {
      for (let event = await stream.next(); event !== undefined; event = await stream.next()) {
        yield event.kind === 'snapshot' && seen && event.cause === 'begun' ? { ...event, cause: 'reconnected' } : event;
        seen = true;
      }
      // Its owner has let go of it by then, and the next one is another.
      if (!over()) await session.ended;
    } finally {
      signal?.removeEventListener('abort', end);
      end();
    }
  }
}

/** @returns false when the watcher, or the client, was ended meanwhile */
async function reconnected(uplink: Uplink, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await uplink.connected(signal === undefined ? {} : { signal });
    return true;
  } catch (error) {
    if (
      signal?.aborted === true ||
      (error instanceof QconnError && error.code === 'closed' && uplink.phase === 'stopped')
    )
      return false;
    throw error;
  }
}
