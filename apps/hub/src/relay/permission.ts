import { nameOf, type Policy } from '@qconn/authz';
import type { Permission } from '@qconn/routing';

const ALLOWED: Permission = { allowed: true, reason: '' };

/**
 * May the sender's request pass? With a target both sides are checked: the sender's `submit` towards it
 * and its `provide` towards the sender. Without one: may the sender submit this service type at all?
 */
export function mayPass(policy: Policy, sender: string, target: string | undefined, serviceType: string): Permission {
  const decision =
    target === undefined
      ? policy.decide(sender, 'submit', serviceType)
      : policy.decideExchange(sender, target, serviceType);
  if (decision.allowed) return ALLOWED;
  // Asked once more, to name the side that lacks the right.
  const senderMay = target !== undefined && policy.decide(sender, 'submit', serviceType, target).allowed;
  return { allowed: false, reason: decision.reasonFor(nameIn(policy, senderMay ? target : sender)) };
}

/** The name by which people know a machine. */
export function nameIn(policy: Policy, fingerprint: string): string {
  const machine = policy.machine(fingerprint);
  return machine === undefined ? fingerprint : nameOf(machine);
}
