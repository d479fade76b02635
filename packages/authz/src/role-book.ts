import { CompiledRole } from './compiled-role.ts';
import { VERDICT_ROWS_MAX } from './limits.ts';
import type { Names } from './numbering.ts';
import type { Role, Verb } from './role.ts';
import { VerdictRow } from './verdict-row.ts';

type Rows = Readonly<Record<Verb, Map<string, VerdictRow>>>;

/**
 * The compiled roles, and what they say. A book never changes its answers: a changed role makes a new book.
 * What it remembers is bounded by {@link VERDICT_ROWS_MAX}.
 */
export class RoleBook {
  readonly #roles: readonly (CompiledRole | undefined)[];
  readonly #names: Names;
  #rows: Rows = emptyRows();
  #rowCount = 0;

  private constructor(roles: readonly (CompiledRole | undefined)[], names: Names) {
    this.#roles = roles;
    this.#names = names;
  }

  static empty(names: Names): RoleBook {
    return new RoleBook([], names);
  }

  /** A book with some roles taken out, then some put in or replaced. Compiles only the roles put in. */
  with(put: Iterable<Role>, removed: readonly string[]): RoleBook {
    const roles = [...this.#roles];
    for (const name of removed) roles[this.#names.role(name)] = undefined;
    for (const role of put) roles[this.#names.role(role.name)] = new CompiledRole(role, this.#names);
    return new RoleBook(roles, this.#names);
  }

  /** What the roles say about a verb on a service type. */
  row(verb: Verb, serviceType: string): VerdictRow {
    return this.#rows[verb].get(serviceType) ?? this.#newRow(verb, serviceType);
  }

  #newRow(verb: Verb, serviceType: string): VerdictRow {
    if (this.#rowCount >= VERDICT_ROWS_MAX) {
      this.#rows = emptyRows();
      this.#rowCount = 0;
    }
    const row = new VerdictRow(this.#roles, verb, serviceType);
    this.#rows[verb].set(serviceType, row);
    this.#rowCount += 1;
    return row;
  }
}

function emptyRows(): Rows {
  return { provide: new Map(), submit: new Map(), query: new Map(), admin: new Map() };
}
