import { Names } from './numbering.ts';
import type { Principal, Status } from './principal.ts';

/**
 * A principal made ready for decisions: what they need lies close together, because with 100,000 machines each further
 * object is a trip to main memory.
 */
export interface Member {
  readonly principal: Principal;
  readonly status: Status;
  /** In lower case, as selectors compare it. */
  readonly hostname: string | undefined;
  /** Numbers of its labels. */
  readonly labels: readonly number[];
  /** Numbers of its roles, in the principal's order. */
  readonly roles: readonly number[];
}

export function memberOf(principal: Principal, names: Names): Member {
  const labels: number[] = [];
  for (const key of Object.keys(principal.labels)) labels.push(names.label(key, principal.labels[key] as string));
  const roles = principal.roles.map((name) => names.role(name));
  return { principal, status: principal.status, hostname: principal.hostname?.toLowerCase(), labels, roles };
}

/** Stands for the other side when no machine is named: "towards any machine at all?". */
export const ANY_MACHINE: Member = memberOf(
  { fingerprint: '', status: 'authorized', labels: {}, roles: [] },
  new Names(),
);
