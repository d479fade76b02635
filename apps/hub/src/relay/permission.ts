import { nameOf, type Policy } from '@qconn/authz';
import type { Permission } from '@qconn/routing';

const ALLOWED: Permission = { allowed: true, reason: '' };

/**
 * May the sender's request pass? With a target both sides are checked: the sender's `submit` towards it
 * and its `provide` towards the sender. Without one: may the sender submit this service type at all?
 */
export function mayPass(policy: Policy, sender: string, target: string | undefined, serviceType: string): Permission {
  const submit = policy.decide(sender, 'submit', serviceType, target);
  if (!submit.allowed) return { allowed: false, reason: submit.reasonFor(nameIn(policy, sender)) };
  if (target === undefined) return ALLOWED;
  const provide = policy.decide(target, 'provide', serviceType, sender);
  return provide.allowed ? ALLOWED : { allowed: false, reason: provide.reasonFor(nameIn(policy, target)) };
}

/** The name by which people know a machine. */
export function nameIn(policy: Policy, fingerprint: string): string {
  const machine = policy.machine(fingerprint);
  return machine === undefined ? fingerprint : nameOf(machine);
}
