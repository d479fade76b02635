import type { Member } from './member.ts';

/** With 100,000 machines a shard holds about a hundred of them. A power of two. */
const SHARDS = 1_024;

/**
 * Members by fingerprint. A map is never changed once it is shared: a change copies the one shard that it
 * touches, so that one machine more costs microseconds and not a copy of 100,000 entries.
 */
export class MemberMap {
  readonly #shards: readonly ReadonlyMap<string, Member>[];
  readonly size: number;

  private constructor(shards: readonly ReadonlyMap<string, Member>[], size: number) {
    this.#shards = shards;
    this.size = size;
  }

  /** The last of two members with the same fingerprint stays. */
  static of(members: Iterable<Member>): MemberMap {
    const shards = Array.from({ length: SHARDS }, () => new Map<string, Member>());
    for (const member of members)
      shards[shardOf(member.principal.fingerprint)]?.set(member.principal.fingerprint, member);
    return new MemberMap(shards, sizeOf(shards));
  }

  get(fingerprint: string): Member | undefined {
    return this.#shards[shardOf(fingerprint)]?.get(fingerprint);
  }

  /** A map with some members put in or replaced, and some taken out. */
  with(put: readonly Member[], removed: readonly string[]): MemberMap {
    if (put.length + removed.length === 0) return this;
    const shards = [...this.#shards];
    const copied = new Map<number, Map<string, Member>>();
    const own = (fingerprint: string): Map<string, Member> => {
      const index = shardOf(fingerprint);
      const copy = copied.get(index) ?? new Map(shards[index]);
      copied.set(index, copy);
      shards[index] = copy;
      return copy;
    };
    for (const fingerprint of removed) own(fingerprint).delete(fingerprint);
    for (const member of put) own(member.principal.fingerprint).set(member.principal.fingerprint, member);
    return new MemberMap(shards, sizeOf(shards));
  }

  *[Symbol.iterator](): Generator<Member> {
    for (const shard of this.#shards) yield* shard.values();
  }
}

/** Two characters of a fingerprint after its prefix are ten random bits; other ids spread less well, and still work. */
function shardOf(fingerprint: string): number {
  return (fingerprint.charCodeAt(3) * 32 + fingerprint.charCodeAt(4)) & (SHARDS - 1);
}

function sizeOf(shards: readonly ReadonlyMap<string, Member>[]): number {
  return shards.reduce((sum, shard) => sum + shard.size, 0);
}
