import type { Address } from '@qconn/protocol';
import type { LiveDevice } from './live-device.ts';
import type { Session } from './session.ts';
import type { SessionTable } from './session-table.ts';

/** Whether the policy lets a message pass, and why. */
export interface Permission {
  readonly allowed: boolean;
  readonly reason: string;
}

/** What resolution asks of others, about one sender. */
export interface ResolutionContext {
  /**
   * May the sender's request pass to the machine with that fingerprint, on both sides? Without one: may the
   * sender submit this service type to any machine at all?
   */
  readonly permitted: (fingerprint: string | undefined) => Permission;
  /** The fingerprint of an enrolled machine, online or not, by its fingerprint or hostname. */
  readonly knownMachine: (machine: string) => string | undefined;
  /** A random number in [0, 1), drawn anew for each resolution. */
  readonly random01: number;
}

/** Where a request goes, or why it goes nowhere. */
export type Resolution<S> =
  | { readonly outcome: 'resolved'; readonly device: LiveDevice<S> }
  | { readonly outcome: 'not_found' | 'offline' | 'forbidden'; readonly reason: string };

/**
 * Finds the target of an address. The order of the checks is the order of what a sender may learn: who may not
 * submit the service type at all, or not to that machine, learns nothing of what is there.
 */
export function resolve<S>(sessions: SessionTable<S>, address: Address, context: ResolutionContext): Resolution<S> {
  const permission = context.permitted(undefined);
  if (!permission.allowed) return { outcome: 'forbidden', reason: permission.reason };
  if (address.machine === undefined) return anyProvider(sessions, address, context);
  const session = sessions.ofMachine(address.machine);
  const fingerprint = session?.fingerprint ?? context.knownMachine(address.machine);
  if (fingerprint === undefined) return { outcome: 'not_found', reason: `no machine ${address.machine} is known` };
  const towards = context.permitted(fingerprint);
  if (!towards.allowed) return { outcome: 'forbidden', reason: towards.reason };
  const current = session ?? sessions.ofMachine(fingerprint);
  if (current === undefined) return { outcome: 'offline', reason: `machine ${address.machine} is not connected` };
  return address.device === undefined
    ? leastBusyOf(current, address, context.random01)
    : namedDevice(current, address, address.device);
}

function anyProvider<S>(sessions: SessionTable<S>, address: Address, context: ResolutionContext): Resolution<S> {
  const { serviceType, device: name } = address;
  let refused: Permission | undefined;
  const found = sessions.pool(serviceType)?.leastBusy((device) => {
    if (name !== undefined && device.name !== name) return false;
    const permission = context.permitted(device.session.fingerprint);
    if (!permission.allowed) refused = permission;
    return permission.allowed;
  }, context.random01);
  if (found !== undefined) return { outcome: 'resolved', device: found };
  if (refused !== undefined)
    return { outcome: 'forbidden', reason: `no live provider of ${serviceType} is permitted: ${refused.reason}` };
  const what = name === undefined ? 'machine' : `device ${name}`;
  return { outcome: 'not_found', reason: `no ${what} provides ${serviceType} now` };
}

function namedDevice<S>(session: Session<S>, address: Address, name: string): Resolution<S> {
  const device = session.devices.get(name);
  if (device === undefined) return { outcome: 'not_found', reason: `machine ${address.machine} has no device ${name}` };
  if (device.serviceTypes.has(address.serviceType)) return { outcome: 'resolved', device };
  const provides = [...device.serviceTypes].join(', ');
  return {
    outcome: 'not_found',
    reason: `device ${name} on ${address.machine} does not provide ${address.serviceType}; it provides ${provides}`,
  };
}

function leastBusyOf<S>(session: Session<S>, address: Address, random01: number): Resolution<S> {
  const able = [...session.devices.values()].filter((device) => device.serviceTypes.has(address.serviceType));
  const fewest = Math.min(...able.map((device) => device.inFlight));
  const idlest = able.filter((device) => device.inFlight === fewest);
  const device = idlest[Math.floor(random01 * idlest.length)];
  if (device !== undefined) return { outcome: 'resolved', device };
  return { outcome: 'not_found', reason: `machine ${address.machine} provides no ${address.serviceType} now` };
}
