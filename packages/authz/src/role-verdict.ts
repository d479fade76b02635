import type { CompiledRole } from './compiled-role.ts';
import type { GrantDecision } from './decision.ts';
import type { Member } from './member.ts';
import { patternsMatching } from './pattern.ts';
import type { Verb } from './role.ts';
import type { Rule } from './rule.ts';

/** All that one role says about one verb on one service type. Deny beats allow. */
export class RoleVerdict {
  /** What it says when no target is named: may it be done towards any machine at all? */
  readonly towardsAny: GrantDecision | undefined;
  /** Rules that hold towards some machines only, the denials first; none that cannot matter. */
  readonly #limited: readonly Rule[];
  /** What it says where none of them holds. */
  readonly #otherwise: GrantDecision | undefined;

  private constructor(rules: readonly Rule[]) {
    const deny = rules.find(({ decision, unlimited }) => unlimited && !decision.allowed)?.decision;
    const allow = rules.find(({ decision, unlimited }) => unlimited && decision.allowed)?.decision;
    const denies = rules.filter(({ decision, unlimited }) => !unlimited && !decision.allowed);
    const allows = rules.filter(({ decision, unlimited }) => !unlimited && decision.allowed);
    this.#otherwise = deny ?? allow;
    this.#limited = deny === undefined ? [...denies, ...(allow === undefined ? allows : [])] : [];
    this.towardsAny = this.#otherwise ?? allows[0]?.decision;
  }

  /** What a role says, by its rules for every pattern that matches. */
  static of(role: CompiledRole | undefined, verb: Verb, serviceType: string): RoleVerdict {
    if (role === undefined) return SILENCE;
    const rules = patternsMatching(serviceType).flatMap((pattern) => role.rules(verb, pattern));
    return rules.length === 0 ? SILENCE : new RoleVerdict(rules);
  }

  /** What most roles say about most service types. */
  static nothing(): RoleVerdict {
    return new RoleVerdict([]);
  }

  /** What it says towards one machine; nothing when no rule holds. Allocates nothing. */
  towards(target: Member): GrantDecision | undefined {
    for (const rule of this.#limited) {
      if (rule.holdsTowards(target)) return rule.decision;
    }
    return this.#otherwise;
  }

  /** The grants that allow it towards some machines only. */
  limitedAllowances(): readonly GrantDecision[] {
    return this.#limited.map(({ decision }) => decision).filter(({ allowed }) => allowed);
  }
}

const SILENCE = RoleVerdict.nothing();
