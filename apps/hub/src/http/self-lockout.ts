import { QconnError } from '@qconn/protocol';
import type { ApiContext } from './app.ts';
import type { Caller } from './caller.ts';
import { policyAfter, type RoleSetChange } from './role-set.ts';

/**
 * Whoever edits roles keeps the right to do so: otherwise a slip could be undone only at the hub's host.
 * @throws QconnError `self_lockout`
 */
export function refuseSelfLockout(caller: Caller, change: RoleSetChange, { policy }: Pick<ApiContext, 'policy'>): void {
  const after = policyAfter(policy.current, change).decide(caller.party, 'admin', 'roles.write');
  if (!after.allowed)
    throw new QconnError('self_lockout', `The change would take roles.write from ${caller.name}, which makes it.`);
}
