import { GrantDecision } from './decision.ts';
import type { Role, Verb } from './role.ts';
import { CompiledSelector, matchesEveryMachine } from './selector.ts';

/** A grant made ready: its decision is made already, its selector is compiled. */
export interface Rule {
  readonly decision: GrantDecision;
  /** Absent when the grant holds towards every machine. */
  readonly selector: CompiledSelector | undefined;
}

const NO_RULES: readonly Rule[] = [];

/** A role's rules by verb and pattern. */
export class CompiledRole {
  readonly name: string;
  readonly #rules: Readonly<Record<Verb, Map<string, Rule[]>>>;

  constructor(role: Role) {
    this.name = role.name;
    this.#rules = { provide: new Map(), submit: new Map(), query: new Map(), admin: new Map() };
    role.grants.forEach((grant, index) => {
      const everyone = matchesEveryMachine(grant.selector);
      const rule: Rule = {
        decision: new GrantDecision({ role: role.name, index, grant }),
        selector: everyone ? undefined : new CompiledSelector(grant.selector ?? {}),
      };
      for (const pattern of new Set(grant.serviceTypes)) this.#add(grant.verb, pattern, rule);
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
