import type { Grant } from './role.ts';
import { matchesEveryMachine, selectorInWords } from './selector.ts';
import { someOf } from './some-of.ts';

/**
 * What settled a question: a grant (`granted`, `denied`), the want of one (`no_grant`), the standing of
 * the one who asks (`pending`, `revoked`, `unknown`), or a target that the policy does not know.
 */
export type Cause = 'granted' | 'denied' | 'no_grant' | 'pending' | 'revoked' | 'unknown' | 'unknown_target';

/** A grant and where it is written. */
export interface GrantOrigin {
  readonly role: string;
  /** Position in the role's grants, from 0. */
  readonly index: number;
  readonly grant: Grant;
}

/** The answer to a question. Made before it is asked, and shared by all who ask the same. */
export abstract class Decision {
  readonly allowed: boolean;
  readonly cause: Cause;
  /** The grant that decided, for `granted` and `denied`. */
  readonly origin: GrantOrigin | undefined;

  constructor(cause: Cause, origin?: GrantOrigin) {
    this.allowed = cause === 'granted';
    this.cause = cause;
    this.origin = origin;
  }

  /** Why, in words. Put together only when somebody reads it. @param subject the principal's name */
  abstract reasonFor(subject: string): string;

  /** Why, in words that leave the principal unnamed. */
  get reason(): string {
    return this.reasonFor('it');
  }
}

/** A decision by a grant. */
export class GrantDecision extends Decision {
  declare readonly origin: GrantOrigin;

  constructor(origin: GrantOrigin) {
    super(origin.grant.effect === 'allow' ? 'granted' : 'denied', origin);
  }

  override reasonFor(subject: string): string {
    const { role, grant } = this.origin;
    const towards = matchesEveryMachine(grant.selector) ? '' : ` towards ${selectorInWords(grant.selector ?? {})}`;
    const what = `${grant.verb} ${someOf(grant.serviceTypes, ', ')}${towards}`;
    return this.allowed ? `role ${role} lets ${subject} ${what}` : `role ${role} forbids ${subject} to ${what}`;
  }
}

/** What a refusal for want of a grant tells when somebody asks why. */
export interface MissingGrant {
  /** Such as `submit print`. */
  readonly what: string;
  /** Names of the roles that do not grant it. */
  readonly roles: readonly string[];
  /** The grants that allow it towards other machines. */
  readonly elsewhere: readonly GrantDecision[];
}

/** A refusal for want of a grant. */
export class NoGrantDecision extends Decision {
  readonly #missing: () => MissingGrant;

  /** @param missing called only when somebody asks why */
  constructor(missing: () => MissingGrant) {
    super('no_grant');
    this.#missing = missing;
  }

  override reasonFor(subject: string): string {
    const { what, roles, elsewhere } = this.#missing();
    if (elsewhere.length === 0) {
      return `${subject} has no role that lets it ${what}; roles: ${someOf(roles, ', ') || 'none'}`;
    }
    const only = elsewhere.map(({ origin }) => `${selectorInWords(origin.grant.selector ?? {})} (role ${origin.role})`);
    return `${subject} may ${what} only towards ${someOf(only, '; ')}`;
  }
}

/** A refusal that depends on nothing but who takes part. */
class StandingDecision extends Decision {
  readonly #why: string;

  constructor(cause: Cause, why: string) {
    super(cause);
    this.#why = why;
  }

  override reasonFor(subject: string): string {
    return `${subject} ${this.#why}`;
  }
}

export const PENDING: Decision = new StandingDecision('pending', 'is pending: no administrator has authorized it yet');
export const REVOKED: Decision = new StandingDecision('revoked', 'is revoked');
export const UNKNOWN: Decision = new StandingDecision('unknown', 'is unknown to this hub');
export const UNKNOWN_TARGET: Decision = new StandingDecision(
  'unknown_target',
  'named a target that this hub does not know',
);
