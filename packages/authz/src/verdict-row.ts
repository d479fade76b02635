import type { CompiledRole } from './compiled-role.ts';
import { type Decision, type MissingGrant, NoGrantDecision } from './decision.ts';
import { ANY_MACHINE, type Member } from './member.ts';
import { RoleVerdict } from './role-verdict.ts';
import type { Verb } from './role.ts';

/** What every role says about one verb on one service type; worked out role by role, as it is asked for. */
export class VerdictRow {
  readonly #roles: readonly (CompiledRole | undefined)[];
  readonly #verb: Verb;
  readonly #serviceType: string;
  readonly #verdicts: (RoleVerdict | undefined)[];

  /** @param roles by number */
  constructor(roles: readonly (CompiledRole | undefined)[], verb: Verb, serviceType: string) {
    this.#roles = roles;
    this.#verb = verb;
    this.#serviceType = serviceType;
    this.#verdicts = Array.from({ length: roles.length });
  }

  /**
   * What a member's roles say together: deny beats allow, nothing said means deny.
   * @param target the other side, or {@link ANY_MACHINE}
   */
  decide(member: Member, target: Member): Decision {
    let allowed: Decision | undefined;
    for (const role of member.roles) {
      const verdict = this.#verdicts[role] ?? this.#settle(role);
      const said = target === ANY_MACHINE ? verdict.towardsAny : verdict.towards(target);
      if (said === undefined) continue;
      if (!said.allowed) return said;
      allowed ??= said;
    }
    return allowed ?? new NoGrantDecision(() => this.#missing(member));
  }

  #settle(role: number): RoleVerdict {
    const verdict = RoleVerdict.of(this.#roles[role], this.#verb, this.#serviceType);
    this.#verdicts[role] = verdict;
    return verdict;
  }

  #missing(member: Member): MissingGrant {
    const roles = member.principal.roles.map((name, index) =>
      this.#roles[member.roles[index] ?? -1] === undefined ? `${name} (no such role)` : name,
    );
    const elsewhere = member.roles.flatMap((role) => this.#verdicts[role]?.limitedAllowances() ?? []);
    return { what: `${this.#verb} ${this.#serviceType}`, roles, elsewhere };
  }
}
