import type { Principal } from './principal.ts';
import type { RoleSets } from './role-sets.ts';

/** A principal made ready for decisions. */
export interface Member {
  readonly principal: Principal;
  /** In lower case, as selectors compare it. */
  readonly hostname: string | undefined;
  /** Number of its set of roles. */
  readonly roleSet: number;
}

export function memberOf(principal: Principal, sets: RoleSets): Member {
  return { principal, hostname: principal.hostname?.toLowerCase(), roleSet: sets.idOf(principal.roles) };
}
