import { setImmediate } from 'node:timers/promises';
import type { Difference, Holder, Impact } from '@qconn/authz';
import type { Clock } from '@qconn/clock';

/** Somebody whose rights a change of roles changes. */
export interface Affected extends Difference {
  readonly kind: 'machine' | 'key';
  /** Fingerprint, or id of the key. */
  readonly id: string;
  readonly name: string;
}

/** Somebody to look at. */
export type Candidate = Pick<Affected, 'kind' | 'id' | 'name'> & Holder;

/** Most that one answer shows: more than a person reads. */
const SHOWN_MAX = 1_000;

/** How long one search may take, in milliseconds. */
const BUDGET_MS = 2_000;

/** How long it may hold up everything else that the hub does, in milliseconds. */
const TURN_MS = 5;

/** Asks of one after another what a change means for them, in turns between which the hub does everything else. */
export class AffectedSearch {
  readonly affected: Affected[] = [];
  /** Everybody who was to be looked at. */
  holders = 0;
  /** Whether all of them were: past a thousand affected, or two seconds, they are only counted. */
  complete = true;
  readonly #impact: Impact;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #turnBegan: number;
  /** By kind and roles: who has the same roles gets the same answers. */
  readonly #known = new Map<string, Difference>();

  constructor(impact: Impact, clock: Clock) {
    this.#impact = impact;
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    this.#turnBegan = this.#startedAt;
  }

  async look({ kind, id, name, ...holder }: Candidate): Promise<void> {
    this.holders += 1;
    const now = this.#clock.monotonic();
    this.complete &&= this.affected.length < SHOWN_MAX && now - this.#startedAt < BUDGET_MS;
    if (!this.complete) return;
    if (now - this.#turnBegan > TURN_MS) {
      await setImmediate();
      this.#turnBegan = this.#clock.monotonic();
    }
    const alike = `${kind} ${holder.roles.join(' ')} ${(holder.moved ?? []).join('→')}`;
    const difference = this.#known.get(alike) ?? this.#impact.of(holder);
    this.#known.set(alike, difference);
    if (difference.gains.length + difference.loses.length > 0) this.affected.push({ kind, id, name, ...difference });
  }
}
