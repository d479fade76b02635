import type { Clock, Timer } from '@qconn/clock';
import type { Logger } from '@qconn/startup';
import type { Store } from '@qconn/store';
import { sourceOf } from '@qconn/transport';
import { SECURITY_EVENTS, type SecurityEvent } from './security-event.ts';

/** What refusals are counted with. */
export interface RefusalAuditDependencies {
  readonly clock: Clock;
  readonly store: { readonly audit: Pick<Store['audit'], 'note'> };
  readonly log: Logger;
  /** Of the hub, as the subject of its rows. */
  readonly hubId: string;
}

/** Between two rows, in milliseconds: a flood of refusals takes a row a minute and no more. */
export const ROW_EVERY_MS = 60_000;

/** How soon a first refusal is written, in milliseconds: together with those that come with it. */
export const FIRST_ROW_MS = 1_000;

/** Kinds of refusals in one row, by event, code, source and caller; what is beyond is counted as one. */
export const KINDS_MAX = 100;

/** One kind of refusal in a row. */
interface Kind {
  readonly event: string;
  readonly code: string;
  readonly source: string;
  readonly actor: string | undefined;
  count: number;
}

/**
 * Writes refusals and failed authentications into the audit trail, counted by kind: one row for all of a minute. What
 * cannot be written waits for the next, in the same room.
 */
export class RefusalAudit {
  readonly #dependencies: RefusalAuditDependencies;
  readonly #kinds = new Map<string, Kind>();
  #beyond = 0;
  #since = 0;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(dependencies: RefusalAuditDependencies) {
    this.#dependencies = dependencies;
  }

  observe({ event, code = '', remote, actor }: SecurityEvent): void {
    if (SECURITY_EVENTS[event].level !== 'warn') return;
    if (this.#empty) this.#since = this.#dependencies.clock.now();
    const source = sourceOf(remote);
    const key = `${event} ${code} ${source} ${actor ?? ''}`;
    const kind = this.#kinds.get(key);
    if (kind !== undefined) kind.count++;
    else if (this.#kinds.size < KINDS_MAX) this.#kinds.set(key, { event, code, source, actor, count: 1 });
    else this.#beyond++;
    this.#arm();
  }

  /** Writes what has not been written yet. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#writing;
    await this.#write();
    this.#timer?.cancel();
  }

  get #empty(): boolean {
    return this.#kinds.size + this.#beyond === 0;
  }

  #arm(): void {
    const { clock } = this.#dependencies;
    const waitMs = Math.max(FIRST_ROW_MS, this.#writtenAt + ROW_EVERY_MS - clock.monotonic());
    this.#timer ??= clock.setTimer(waitMs, () => {
      this.#timer = undefined;
      this.#writing = this.#write();
    });
  }

  async #write(): Promise<void> {
    if (this.#empty) return;
    const { clock, store, log, hubId } = this.#dependencies;
    const kinds = [...this.#kinds.values()];
    const [since, beyond] = [this.#since, this.#beyond];
    this.#kinds.clear();
    this.#beyond = 0;
    this.#writtenAt = clock.monotonic();
    const total = kinds.reduce((sum, { count }) => sum + count, beyond);
    const after = { since: new Date(since).toISOString(), total, refusals: kinds, ...(beyond > 0 && { beyond }) };
    try {
      await store.audit.note({ act: 'security.refusals', subject: hubId, actor: 'hub', now: clock.now(), after });
    } catch (error) {
      log.warn(
        { event: 'refusals_not_audited', err: error, total },
        'Refusals could not be written to the audit trail yet.',
      );
      this.#putBack(kinds, beyond, since);
    }
  }

  /** What came meanwhile stays; together they keep to the limit. */
  #putBack(kinds: readonly Kind[], beyond: number, since: number): void {
    this.#since = since;
    this.#beyond += beyond;
    for (const kind of kinds) {
      const key = `${kind.event} ${kind.code} ${kind.source} ${kind.actor ?? ''}`;
      const newer = this.#kinds.get(key);
      if (newer !== undefined) newer.count += kind.count;
      else if (this.#kinds.size < KINDS_MAX) this.#kinds.set(key, kind);
      else this.#beyond += kind.count;
    }
    this.#arm();
  }
}
