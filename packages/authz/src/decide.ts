import type { Decision } from './decision.ts';
import type { Party, Policy } from './policy.ts';
import type { Verb } from './role.ts';

/** "May this principal do that (towards that target)?" */
export interface Query {
  readonly principal: Party;
  readonly verb: Verb;
  readonly serviceType: string;
  /** The machine on the other side. Without it the question is "towards any machine at all?". */
  readonly target?: Party | undefined;
}

/** "May this sender's request for that service type pass to that target?" */
export interface ExchangeQuery {
  readonly sender: Party;
  readonly target: Party;
  readonly serviceType: string;
}

/** Answers a query. Deny beats allow, and nothing matched means deny. */
export function decide(policy: Policy, { principal, verb, serviceType, target }: Query): Decision {
  return policy.decide(principal, verb, serviceType, target);
}

/** Checks both sides of a message: the sender's `submit` and the target's `provide`. The first refusal, or allowed. */
export function decideExchange(policy: Policy, { sender, target, serviceType }: ExchangeQuery): Decision {
  return policy.decideExchange(sender, target, serviceType);
}
