import { decide, type Query } from './decide.ts';
import type { Decision } from './decision.ts';
import type { Party, Policy } from './policy.ts';
import { nameOf } from './principal.ts';
import { Seat } from './seat.ts';

/** One question on the way to an answer, with the answer that enforcement gives. */
export interface ExplainedStep {
  /** Such as `lims submit print towards printer-pc`. */
  readonly question: string;
  readonly decision: Decision;
  /** A sentence: `lims has no role that lets it submit scale.read; roles: lims`. */
  readonly reason: string;
}

/** Why something is allowed or refused. */
export interface Explanation {
  readonly allowed: boolean;
  /** The sentence of the step that refused, or of the last one. */
  readonly reason: string;
  readonly steps: readonly ExplainedStep[];
}

/**
 * Explains a decision by making it: there is no second implementation to disagree with.
 * A `submit` towards a target is explained on both sides, as a message is checked on both.
 */
export function explain(policy: Policy, query: Query): Explanation {
  const steps = [step(policy, query)];
  const { principal, verb, serviceType, target } = query;
  if (verb === 'submit' && target !== undefined) {
    steps.push(step(policy, { principal: target, verb: 'provide', serviceType, target: principal }));
  }
  const refused = steps.find(({ decision }) => !decision.allowed);
  return { allowed: refused === undefined, reason: (refused ?? steps.at(-1))?.reason ?? '', steps };
}

function step(policy: Policy, query: Query): ExplainedStep {
  const decision = decide(policy, query);
  const subject = partyName(policy, query.principal);
  const towards = query.target === undefined ? '' : ` towards ${partyName(policy, query.target)}`;
  const question = `${subject} ${query.verb} ${query.serviceType}${towards}`;
  return { question, decision, reason: decision.reasonFor(subject) };
}

function partyName(policy: Policy, party: Party): string {
  const fingerprint = typeof party === 'string' ? party : party.fingerprint;
  const principal = typeof party === 'string' || party instanceof Seat ? policy.machine(fingerprint) : party;
  return principal === undefined ? fingerprint : nameOf(principal);
}
