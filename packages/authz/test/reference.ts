import type { Grant, Principal, Role, Selector, Verb } from '@qconn/authz';

/** The rules of packages/authz/README.md written down as plainly as can be: every grant of every role, one after the other. */
export interface World {
  readonly roles: readonly Role[];
  readonly machines: readonly Principal[];
}

export function naiveDecide(world: World, asker: string, verb: Verb, serviceType: string, target?: string): boolean {
  const subject = world.machines.find((machine) => machine.fingerprint === asker);
  if (subject?.status !== 'authorized') return false;
  const object = world.machines.find((machine) => machine.fingerprint === target);
  if (target !== undefined && object === undefined) return false;
  const grants = world.roles
    .filter((role) => subject.roles.includes(role.name))
    .flatMap((role) => role.grants)
    .filter((grant) => grant.verb === verb && grant.serviceTypes.some((pattern) => matches(pattern, serviceType)));
  const holds = (grant: Grant): boolean => {
    if (object !== undefined) return selects(grant.selector, object);
    return grant.effect === 'allow' || selectsEveryone(grant.selector);
  };
  const holding = grants.filter(holds);
  return holding.some((grant) => grant.effect === 'allow') && !holding.some((grant) => grant.effect === 'deny');
}

export function naiveExchange(world: World, sender: string, target: string, serviceType: string): boolean {
  return (
    naiveDecide(world, sender, 'submit', serviceType, target) &&
    naiveDecide(world, target, 'provide', serviceType, sender)
  );
}

function matches(pattern: string, serviceType: string): boolean {
  if (pattern === '*') return true;
  return pattern.endsWith('.*') ? serviceType.startsWith(pattern.slice(0, -1)) : pattern === serviceType;
}

function selectsEveryone(selector: Selector | undefined): boolean {
  return Object.keys(selector?.labels ?? {}).length === 0 && selector?.hostnames === undefined;
}

function selects(selector: Selector | undefined, machine: Principal): boolean {
  const labels = Object.entries(selector?.labels ?? {});
  if (!labels.every(([key, value]) => machine.labels[key] === value)) return false;
  if (selector?.hostnames === undefined) return true;
  return selector.hostnames.some((entry) => {
    const hostname = machine.hostname?.toLowerCase();
    const wanted = entry.toLowerCase();
    return wanted.endsWith('*') ? hostname?.startsWith(wanted.slice(0, -1)) : hostname === wanted;
  });
}
