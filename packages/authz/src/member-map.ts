import type { Member } from './member.ts';

/** Changes that are kept beside the whole before the two are merged: the merge copies 100,000 entries in some 10 ms. */
const CHANGES_MAX = 1_000;

/**
 * Members by fingerprint. A map is never changed: it is a whole, shared with the maps that it came from, and the few
 * changes since, so that one machine more costs microseconds and a look-up is one or two of the engine's own.
 */
export class MemberMap {
  /** Stands for this very map. Whoever remembers it does not keep the map itself alive. */
  readonly edition: object = {};
  readonly #whole: ReadonlyMap<string, Member>;
  /** `null` for a member that was taken out. */
  readonly #changes: ReadonlyMap<string, Member | null>;

  private constructor(whole: ReadonlyMap<string, Member>, changes: ReadonlyMap<string, Member | null>) {
    this.#whole = whole;
    this.#changes = changes;
  }

  /** The last of two members with the same fingerprint stays. */
  static of(members: Iterable<Member>): MemberMap {
    const whole = new Map<string, Member>();
    for (const member of members) whole.set(member.principal.fingerprint, member);
    return new MemberMap(whole, new Map());
  }

  get(fingerprint: string): Member | undefined {
    if (this.#changes.size > 0) {
      const changed = this.#changes.get(fingerprint);
      if (changed !== undefined) return changed ?? undefined;
    }
    return this.#whole.get(fingerprint);
  }

  /** A map with some members taken out, then some put in or replaced. */
  with(put: readonly Member[], removed: readonly string[]): MemberMap {
    const changes = new Map(this.#changes);
    for (const fingerprint of removed) changes.set(fingerprint, null);
    for (const member of put) changes.set(member.principal.fingerprint, member);
    const map = new MemberMap(this.#whole, changes);
    return changes.size > CHANGES_MAX ? MemberMap.of(map) : map;
  }

  *[Symbol.iterator](): Generator<Member> {
    for (const [fingerprint, member] of this.#whole) {
      if (!this.#changes.has(fingerprint)) yield member;
    }
    for (const changed of this.#changes.values()) {
      if (changed !== null) yield changed;
    }
  }
}
