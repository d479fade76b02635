import type { CompiledRole, Rule } from './compiled-role.ts';
import { type Decision, NoGrantDecision } from './decision.ts';
import { patternsMatching } from './pattern.ts';
import type { Principal } from './principal.ts';
import type { Verb } from './role.ts';

/**
 * All that a set of roles says about one verb on one service type. Deny beats allow; nothing matched
 * means deny.
 */
export class Verdict {
  /** The answer when no target is named: may it be done towards any machine at all? */
  readonly towardsAny: Decision;
  readonly #always: Decision | undefined;
  readonly #denies: readonly Rule[];
  readonly #allows: readonly Rule[];
  readonly #otherwise: Decision;

  private constructor(rules: readonly Rule[], noGrant: (limited: readonly Rule[]) => Decision) {
    const unlimited = rules.filter((rule) => rule.selector === undefined).map((rule) => rule.decision);
    const deny = unlimited.find((decision) => !decision.allowed);
    const allow = unlimited.find((decision) => decision.allowed);
    const limited = rules.filter((rule) => rule.selector !== undefined);
    this.#denies = limited.filter((rule) => !rule.decision.allowed);
    this.#allows = allow === undefined ? limited.filter((rule) => rule.decision.allowed) : [];
    this.#otherwise = deny ?? allow ?? noGrant(this.#allows);
    this.#always = deny !== undefined || this.#denies.length + this.#allows.length === 0 ? this.#otherwise : undefined;
    this.towardsAny = deny ?? allow ?? this.#allows[0]?.decision ?? this.#otherwise;
  }

  /** Gathers what the roles say. */
  static of(roles: readonly CompiledRole[], verb: Verb, serviceType: string): Verdict {
    const rules = new Set<Rule>();
    for (const pattern of patternsMatching(serviceType)) {
      for (const role of roles) {
        for (const rule of role.rules(verb, pattern)) rules.add(rule);
      }
    }
    const names = roles.map((role) => role.name);
    return new Verdict([...rules], (limited) => {
      const origins = limited.map((rule) => rule.decision.origin);
      return new NoGrantDecision(verb, serviceType, names, origins);
    });
  }

  /** The answer towards one machine. Allocates nothing. @param hostname the machine's, in lower case */
  towards(machine: Principal, hostname: string | undefined): Decision {
    if (this.#always !== undefined) return this.#always;
    return (
      firstMatch(this.#denies, machine, hostname) ?? firstMatch(this.#allows, machine, hostname) ?? this.#otherwise
    );
  }
}

function firstMatch(rules: readonly Rule[], machine: Principal, hostname: string | undefined): Decision | undefined {
  for (const rule of rules) {
    if (rule.selector?.matches(machine, hostname)) return rule.decision;
  }
  return undefined;
}
