import type { Names } from './numbering.ts';
import type { Role, Verb } from './role.ts';
import { Rule } from './rule.ts';

const NO_RULES: readonly Rule[] = [];

/** A role's rules by verb and pattern. */
export class CompiledRole {
  readonly #rules: Readonly<Record<Verb, Map<string, Rule[]>>>;

  constructor(role: Role, names: Names) {
    this.#rules = { provide: new Map(), submit: new Map(), query: new Map(), admin: new Map() };
    role.grants.forEach((grant, index) => {
      const rule = new Rule({ role: role.name, index, grant }, names);
      for (const pattern of grant.serviceTypes) this.#add(grant.verb, pattern, rule);
    });
  }

  /** The rules written for exactly this pattern. */
  rules(verb: Verb, pattern: string): readonly Rule[] {
    return this.#rules[verb].get(pattern) ?? NO_RULES;
  }

  #add(verb: Verb, pattern: string, rule: Rule): void {
    const rules = this.#rules[verb].get(pattern);
    if (rules === undefined) this.#rules[verb].set(pattern, [rule]);
    else rules.push(rule);
  }
}
