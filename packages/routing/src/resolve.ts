import type { Address } from '@qconn/protocol';
import type { LiveDevice } from './live-device.ts';
import { favourite } from './rendezvous.ts';
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
  /** Of several devices the same one for the same key, as long as it is there; else the least busy. */
  readonly stickyKey?: string | undefined;
}

/** Why a request goes nowhere. */
export interface Unresolved {
  readonly outcome: 'not_found' | 'offline' | 'forbidden';
  readonly reason: string;
}

/** Where a request goes, or why it goes nowhere. */
export type Resolution<S> = { readonly outcome: 'resolved'; readonly device: LiveDevice<S> } | Unresolved;

/** Where a fan-out goes, or why it goes nowhere. `more`: there were more devices than the limit. */
export type FanOutResolution<S> =
  | { readonly outcome: 'resolved'; readonly devices: readonly LiveDevice<S>[]; readonly more: boolean }
  | Unresolved;

/**
 * Finds the target of an address. The order of the checks is the order of what a sender may learn: who may not
 * submit the service type at all, or not to that machine, learns nothing of what is there.
 */
export function resolve<S>(sessions: SessionTable<S>, address: Address, context: ResolutionContext): Resolution<S> {
  const permission = context.permitted(undefined);
  if (!permission.allowed) return { outcome: 'forbidden', reason: permission.reason };
  if (address.machine === undefined) return anyProvider(sessions, address, context);
  const session = machineSession(sessions, address.machine, context);
  if ('outcome' in session) return session;
  if (address.device !== undefined) return namedDevice(session, address, address.device);
  const device = oneOf(session, address, context);
  return device === undefined ? providesNone(address) : { outcome: 'resolved', device };
}

/** Finds every device that an address fits, the least busy first. @param limit most devices, 1 … */
export function resolveAll<S>(
  sessions: SessionTable<S>,
  address: Address,
  context: ResolutionContext,
  limit: number,
): FanOutResolution<S> {
  const permission = context.permitted(undefined);
  if (!permission.allowed) return { outcome: 'forbidden', reason: permission.reason };
  if (address.machine === undefined) return everyProvider(sessions, address, context, limit);
  const session = machineSession(sessions, address.machine, context);
  if ('outcome' in session) return session;
  if (address.device !== undefined) {
    const named = namedDevice(session, address, address.device);
    return named.outcome === 'resolved' ? { outcome: 'resolved', devices: [named.device], more: false } : named;
  }
  const devices = ableDevices(session, address);
  if (devices.length === 0) return providesNone(address);
  return { outcome: 'resolved', devices: devices.slice(0, limit), more: devices.length > limit };
}

/** The live session of the machine in an address, or why there is none for this sender. */
function machineSession<S>(
  sessions: SessionTable<S>,
  machine: string,
  context: ResolutionContext,
): Session<S> | Unresolved {
  const session = sessions.ofMachine(machine);
  const fingerprint = session?.fingerprint ?? context.knownMachine(machine);
  if (fingerprint === undefined) return { outcome: 'not_found', reason: `no machine ${machine} is known` };
  const towards = context.permitted(fingerprint);
  if (!towards.allowed) return { outcome: 'forbidden', reason: towards.reason };
  return (
    session ?? sessions.ofMachine(fingerprint) ?? { outcome: 'offline', reason: `machine ${machine} is not connected` }
  );
}

function anyProvider<S>(sessions: SessionTable<S>, address: Address, context: ResolutionContext): Resolution<S> {
  const pool = sessions.pool(address.serviceType);
  const fitting = new Fitting<S>(address, context);
  const { stickyKey } = context;
  const found =
    stickyKey === undefined
      ? pool?.leastBusy(fitting.accepts, context.random01)
      : favourite(pool ?? [], stickyKey, fitting.accepts);
  return found === undefined ? fitting.whyNone() : { outcome: 'resolved', device: found };
}

function everyProvider<S>(
  sessions: SessionTable<S>,
  address: Address,
  context: ResolutionContext,
  limit: number,
): FanOutResolution<S> {
  const fitting = new Fitting<S>(address, context);
  const devices: LiveDevice<S>[] = [];
  for (const device of sessions.pool(address.serviceType) ?? []) {
    if (!fitting.accepts(device)) continue;
    if (devices.length === limit) return { outcome: 'resolved', devices, more: true };
    devices.push(device);
  }
  return devices.length === 0 ? fitting.whyNone() : { outcome: 'resolved', devices, more: false };
}

/** Which devices of a service type a sender may reach, and why none, if there is none. */
class Fitting<S> {
  readonly #address: Address;
  readonly #context: ResolutionContext;
  #refused: Permission | undefined;

  constructor(address: Address, context: ResolutionContext) {
    this.#address = address;
    this.#context = context;
  }

  readonly accepts = (device: LiveDevice<S>): boolean => {
    const { device: name } = this.#address;
    if (name !== undefined && device.name !== name) return false;
    const permission = this.#context.permitted(device.session.fingerprint);
    if (!permission.allowed) this.#refused = permission;
    return permission.allowed;
  };

  whyNone(): Unresolved {
    const { serviceType, device: name } = this.#address;
    if (this.#refused !== undefined) {
      const { reason } = this.#refused;
      return { outcome: 'forbidden', reason: `no live provider of ${serviceType} is permitted: ${reason}` };
    }
    const what = name === undefined ? 'machine' : `device ${name}`;
    return { outcome: 'not_found', reason: `no ${what} provides ${serviceType} now` };
  }
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

function oneOf<S>(
  session: Session<S>,
  address: Address,
  { stickyKey, random01 }: ResolutionContext,
): LiveDevice<S> | undefined {
  const able = ableDevices(session, address);
  if (stickyKey !== undefined) return favourite(able, stickyKey, () => true);
  const fewest = Math.min(...able.map((device) => device.inFlight));
  const idlest = able.filter((device) => device.inFlight === fewest);
  return idlest[Math.floor(random01 * idlest.length)];
}

function ableDevices<S>(session: Session<S>, { serviceType }: Address): LiveDevice<S>[] {
  return [...session.devices.values()].filter((device) => device.serviceTypes.has(serviceType));
}

function providesNone({ machine, serviceType }: Address): Unresolved {
  return { outcome: 'not_found', reason: `machine ${machine} provides no ${serviceType} now` };
}
