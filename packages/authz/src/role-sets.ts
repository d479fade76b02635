/**
 * Gives every distinct set of role names a number, so that machines with the same roles share what has
 * been worked out for them. Numbers are never taken back: snapshots that follow from one another share
 * one table, and compiling a policy anew starts an empty one.
 */
export class RoleSets {
  readonly #ids = new Map<string, number>();
  readonly #names: (readonly string[])[] = [];

  /** The number of a set; order and repetition of the names do not matter. */
  idOf(roles: readonly string[]): number {
    const first = roles[0] ?? '';
    if (roles.length < 2) return this.#ids.get(first) ?? this.#intern(first, roles);
    const names = [...new Set(roles)].toSorted();
    const key = names.join('\n');
    return this.#ids.get(key) ?? this.#intern(key, names);
  }

  namesOf(id: number): readonly string[] {
    return this.#names[id] ?? [];
  }

  #intern(key: string, names: readonly string[]): number {
    const id = this.#names.push(names) - 1;
    this.#ids.set(key, id);
    return id;
  }
}
