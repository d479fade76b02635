import { CompiledRole } from './compiled-role.ts';
import { VERDICTS_CACHED_MAX } from './limits.ts';
import type { Role, Verb } from './role.ts';
import type { RoleSets } from './role-sets.ts';
import { Verdict } from './verdict.ts';

type VerdictCache = Readonly<Record<Verb, Map<string, Verdict>>>;

/**
 * The compiled roles, and the verdicts that sets of them have come to. A book never changes its
 * answers: a changed role makes a new book. What it remembers is bounded by {@link VERDICTS_CACHED_MAX}.
 */
export class RoleBook {
  readonly #roles: ReadonlyMap<string, CompiledRole>;
  readonly #sets: RoleSets;
  #caches: (VerdictCache | undefined)[] = [];
  #cached = 0;

  constructor(roles: ReadonlyMap<string, CompiledRole>, sets: RoleSets) {
    this.#roles = roles;
    this.#sets = sets;
  }

  /** A book with some roles put in or replaced, and some taken out. Compiles only the roles put in. */
  with(put: readonly Role[], removed: readonly string[]): RoleBook {
    if (put.length + removed.length === 0) return this;
    const roles = new Map(this.#roles);
    for (const name of removed) roles.delete(name);
    for (const role of put) roles.set(role.name, new CompiledRole(role));
    return new RoleBook(roles, this.#sets);
  }

  /** What a set of roles says about a verb on a service type. */
  verdict(set: number, verb: Verb, serviceType: string): Verdict {
    const cache = this.#caches[set];
    return cache?.[verb].get(serviceType) ?? this.#settle(set, verb, serviceType);
  }

  #settle(set: number, verb: Verb, serviceType: string): Verdict {
    if (this.#cached >= VERDICTS_CACHED_MAX) {
      this.#caches = [];
      this.#cached = 0;
    }
    const roles = this.#sets.namesOf(set).flatMap((name) => this.#roles.get(name) ?? []);
    const verdict = Verdict.of(roles, verb, serviceType);
    this.#caches[set] ??= { provide: new Map(), submit: new Map(), query: new Map(), admin: new Map() };
    this.#caches[set][verb].set(serviceType, verdict);
    this.#cached += 1;
    return verdict;
  }
}
