import { QconnError } from '@qconn/protocol';
import type { RoleGrant, RoleRecord } from '@qconn/store';
import { mayAdminister } from './access.ts';
import { ADMIN_ACTIONS } from './admin-actions.ts';
import type { ApiContext } from './app.ts';
import type { Caller } from './caller.ts';

/**
 * Nobody hands out administration that they lack. Roles, assignments, tokens and keys are four ways to the same thing, so
 * one rule stands before all of them: whoever changes who has an `admin` grant, whether it allows or denies, has to hold
 * everything that the grant speaks of. Grants of other verbs are the business of whoever may write roles or approve.
 */

/** Stands for an action that a later version may add below a pattern. No action is called that. */
const ANY_OTHER = '0';

/**
 * A role's grants change from these to those.
 * @throws QconnError `forbidden` naming what the caller lacks
 */
export function mayChangeGrants(
  caller: Caller,
  role: string,
  change: { readonly before: readonly RoleGrant[]; readonly after: readonly RoleGrant[] },
  context: Pick<ApiContext, 'policy'>,
): void {
  const before = adminPatterns(change.before);
  const after = adminPatterns(change.after);
  if (before.join(' ') === after.join(' ')) return;
  const changed = [...before.filter((one) => !after.includes(one)), ...after.filter((one) => !before.includes(one))];
  for (const entry of changed.length > 0 ? changed : after) refuseLacking(caller, patternOf(entry), role, context);
}

/**
 * Somebody gets or loses these roles.
 * @param roles every role there is
 * @throws QconnError `forbidden` naming what the caller lacks; `unknown_role`
 */
export function mayHandOut(
  caller: Caller,
  names: Iterable<string>,
  roles: readonly RoleRecord[],
  context: Pick<ApiContext, 'policy'>,
): void {
  for (const name of new Set(names)) {
    const role = roles.find((one) => one.name === name);
    if (role === undefined)
      throw new QconnError('unknown_role', `There is no role ${name}.`, { facts: { role: name } });
    for (const entry of adminPatterns(role.grants)) refuseLacking(caller, patternOf(entry), name, context);
  }
}

/** Whether the caller may do everything that an administrator can. */
export function mayEverything(caller: Caller, context: Pick<ApiContext, 'policy'>): boolean {
  return lacking(caller, '*', context) === undefined;
}

/** Each `admin` pattern with its effect, in one form for comparison. Selectors do not limit administration. */
function adminPatterns(grants: readonly RoleGrant[]): string[] {
  const entries = grants
    .filter(({ verb }) => verb === 'admin')
    .flatMap(({ effect, serviceTypes }) => serviceTypes.map((pattern) => `${effect}:${pattern}`));
  return [...new Set(entries)].toSorted();
}

function patternOf(entry: string): string {
  return entry.slice(entry.indexOf(':') + 1);
}

function refuseLacking(caller: Caller, pattern: string, role: string, context: Pick<ApiContext, 'policy'>): void {
  const action = lacking(caller, pattern, context);
  if (action === undefined) return;
  throw new QconnError(
    'forbidden',
    `The role ${role} speaks of admin ${pattern}, and ${caller.name} may not do ${action} itself: nobody hands out or takes away administration that they lack.`,
    { facts: { role } },
  );
}

/** The first thing below a pattern that the caller may not do. */
function lacking(caller: Caller, pattern: string, context: Pick<ApiContext, 'policy'>): string | undefined {
  const prefix = pattern.endsWith('*') ? pattern.slice(0, -1) : undefined;
  const actions =
    prefix === undefined
      ? [pattern]
      : [...ADMIN_ACTIONS.filter((action) => action.startsWith(prefix)), `${prefix}${ANY_OTHER}`];
  const missing = actions.find((action) => !mayAdminister(caller, action, context).allowed);
  return missing?.endsWith(`${prefix}${ANY_OTHER}`) === true ? `all of ${pattern}` : missing;
}
