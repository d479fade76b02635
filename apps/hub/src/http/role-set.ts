import { checkRole, type Policy } from '@qconn/authz';
import { QconnError } from '@qconn/protocol';
import type { RoleGrant, RoleRecord } from '@qconn/store';
import type { LivePolicy } from '../policy/live-policy.ts';

/** Roles as a file has them, and what else is to be done. */
export interface RoleSet {
  readonly roles: readonly { readonly name: string; readonly grants: readonly RoleGrant[] }[];
  /** Machines by hostname or fingerprint, and the roles that each shall have, all of them. */
  readonly assignments?: Readonly<Record<string, readonly string[]>>;
  /** Delete the roles that the set does not have. */
  readonly prune?: boolean;
}

/** A role that becomes another; absent where there is none. */
export interface ChangedRole {
  readonly name: string;
  readonly before: readonly RoleGrant[] | undefined;
  readonly after: readonly RoleGrant[] | undefined;
}

/** A machine whose roles become others. */
export interface ChangedMachine {
  readonly fingerprint: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** What differs between a set of roles and what is there. */
export interface RoleSetChange {
  readonly roles: readonly ChangedRole[];
  readonly machines: readonly ChangedMachine[];
}

/**
 * Compares a set with what is there.
 * @param known every role there is
 * @throws QconnError `invalid_request` with every mistake, `unknown_role`, `unknown_object`
 */
export function changeOf(set: RoleSet, known: readonly RoleRecord[], policy: LivePolicy): RoleSetChange {
  refuseMistakes(set);
  const wanted = new Map(set.roles.map(({ name, grants }) => [name, grants]));
  const there = new Map(known.map(({ name, grants }) => [name, grants]));
  const put = [...wanted].filter(([name, grants]) => !sameGrants(there.get(name), grants));
  const gone = set.prune === true ? [...there.keys()].filter((name) => !wanted.has(name)) : [];
  const left = (name: string): boolean => wanted.has(name) || (there.has(name) && !gone.includes(name));
  return {
    roles: [
      ...put.map(([name, after]) => ({ name, before: there.get(name), after })),
      ...gone.map((name) => ({ name, before: there.get(name), after: undefined })),
    ],
    machines: Object.entries(set.assignments ?? {}).flatMap(([name, roles]) =>
      changedMachine(name, [...new Set(roles)].toSorted(), left, policy),
    ),
  };
}

/** The policy as it will be. */
export function policyAfter(current: Policy, { roles, machines }: RoleSetChange): Policy {
  return current.with({
    generation: current.generation + 1,
    roles: roles.flatMap(({ name, after }) => (after === undefined ? [] : [{ name, grants: after }])),
    removedRoles: roles.filter(({ after }) => after === undefined).map(({ name }) => name),
    machines: machines.flatMap(({ fingerprint, after }) => {
      const machine = current.machine(fingerprint);
      return machine === undefined ? [] : [{ ...machine, roles: after }];
    }),
  });
}

/** Grants of one list that another does not have. The order of grants means nothing. */
export function grantsOnlyIn(some: readonly RoleGrant[] = [], others: readonly RoleGrant[] = []): RoleGrant[] {
  const texts = new Set(others.map(grantText));
  return some.filter((grant) => !texts.has(grantText(grant)));
}

/** The roles that somebody gets or loses. */
export function rolesThatMove(before: readonly string[], after: readonly string[]): string[] {
  return [...before.filter((role) => !after.includes(role)), ...after.filter((role) => !before.includes(role))];
}

function refuseMistakes({ roles }: RoleSet): void {
  const seen = new Set<string>();
  const mistakes = roles.flatMap((role, index) => {
    const repeated = seen.has(role.name) ? [{ path: 'name', message: `${role.name} is in the set twice` }] : [];
    seen.add(role.name);
    return [...checkRole(role), ...repeated].map(({ path, message }) => `roles[${index}].${path}: ${message}`);
  });
  if (mistakes.length === 0) return;
  const listed = mistakes.slice(0, MISTAKES_LISTED).join('\n  ');
  const rest = mistakes.length > MISTAKES_LISTED ? `\n  and ${mistakes.length - MISTAKES_LISTED} more` : '';
  throw new QconnError('invalid_request', `The set of roles is not valid:\n  ${listed}${rest}`);
}

/** Most mistakes that are told at once. */
const MISTAKES_LISTED = 50;

function changedMachine(
  name: string,
  after: readonly string[],
  isRole: (name: string) => boolean,
  policy: LivePolicy,
): ChangedMachine[] {
  const fingerprint = policy.knownMachine(name);
  const machine = fingerprint === undefined ? undefined : policy.current.machine(fingerprint);
  if (machine === undefined) throw new QconnError('unknown_object', `There is no machine ${name}.`);
  const missing = after.find((role) => !isRole(role));
  if (missing !== undefined)
    throw new QconnError('unknown_role', `There is no role ${missing}, which ${name} shall have.`, {
      facts: { role: missing },
    });
  const before = machine.roles.toSorted();
  return before.join(' ') === after.join(' ') ? [] : [{ fingerprint: machine.fingerprint, before, after }];
}

function sameGrants(one: readonly RoleGrant[] | undefined, other: readonly RoleGrant[]): boolean {
  return one?.map(grantText).toSorted().join('\n') === other.map(grantText).toSorted().join('\n');
}

/** A grant in one form: the database does not keep the order of keys. */
function grantText({ effect, verb, serviceTypes, selector }: RoleGrant): string {
  const { labels = {}, hostnames } = selector ?? {};
  return JSON.stringify([
    effect,
    verb,
    serviceTypes,
    Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    hostnames,
  ]);
}
