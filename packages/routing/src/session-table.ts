import { DEVICES_PER_SESSION_MAX, QconnError, SERVICE_TYPES_PER_DEVICE_MAX, type ErrorCode } from '@qconn/protocol';
import { DevicePool } from './device-pool.ts';
import type { DeviceChange } from './device-change.ts';
import { LiveDevice } from './live-device.ts';
import { Session, type SessionStart } from './session.ts';

const NONE: ReadonlySet<string> = new Set();

/**
 * The live sessions of this hub, found by id, fingerprint, hostname and service type.
 *
 * A machine has one current session: a newer one supersedes it at once, and when the superseded one is
 * removed later, nothing of the newer one goes with it.
 */
export class SessionTable<S> {
  readonly #byId = new Map<string, Session<S>>();
  readonly #byFingerprint = new Map<string, Session<S>>();
  readonly #byHostname = new Map<string, Session<S>>();
  readonly #pools = new Map<string, DevicePool<S>>();
  #version = 0;
  readonly #listeners = new Set<(change: DeviceChange<S>) => void>();

  /** Sessions, superseded ones that have not been removed included. */
  get size(): number {
    return this.#byId.size;
  }

  /** Another number whenever something is found otherwise than before: a session, a hostname, a device, what it provides. */
  get version(): number {
    return this.#version;
  }

  /** Tells a listener of every device that comes, goes or changes on a current session, after it has. */
  onDeviceChange(listener: (change: DeviceChange<S>) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Takes in a new session.
   * @returns the session of the same machine that it supersedes, which is offered to nobody any more; close it
   *   and then {@link remove} it
   */
  add(start: SessionStart<S>): { session: Session<S>; superseded: Session<S> | undefined } {
    const superseded = this.#byFingerprint.get(start.fingerprint);
    if (superseded !== undefined) this.#retire(superseded, 'superseded');
    this.#version += 1;
    const session = new Session(start);
    this.#byId.set(session.id, session);
    this.#byFingerprint.set(session.fingerprint, session);
    if (session.hostname !== undefined) this.#byHostname.set(session.hostname, session);
    return { session, superseded };
  }

  /**
   * Forgets a session that has ended.
   * @param reason why it has ended, for those who watch its devices
   * @returns the session, unless it was forgotten before
   */
  remove(id: string, reason: ErrorCode = 'closed'): Session<S> | undefined {
    const session = this.#byId.get(id);
    if (session === undefined) return undefined;
    this.#version += 1;
    this.#retire(session, reason);
    this.#byId.delete(id);
    return session;
  }

  get(id: string): Session<S> | undefined {
    return this.#byId.get(id);
  }

  /** The current session of a machine, by its fingerprint or else by its hostname. */
  ofMachine(machine: string): Session<S> | undefined {
    return this.#byFingerprint.get(machine) ?? this.#byHostname.get(machine);
  }

  /** True while no newer session of the same machine has superseded it, and it has not been removed. */
  isCurrent(session: Session<S>): boolean {
    return this.#byFingerprint.get(session.fingerprint) === session;
  }

  /** Gives a machine's current session another hostname, or none. */
  rename(fingerprint: string, hostname: string | undefined): void {
    const session = this.#byFingerprint.get(fingerprint);
    if (session === undefined) return;
    this.#version += 1;
    this.#releaseHostname(session);
    session.hostname = hostname;
    if (hostname !== undefined) this.#byHostname.set(hostname, session);
  }

  /**
   * Registers a device, or gives the one of that name other service types.
   * @throws QconnError `quota` past the limit of devices or service types
   */
  provide(session: Session<S>, name: string, serviceTypes: Iterable<string>): LiveDevice<S> {
    const types = new Set(serviceTypes);
    if (types.size > SERVICE_TYPES_PER_DEVICE_MAX) {
      throw new QconnError(
        'quota',
        `Device ${name} has ${types.size} service types; the limit is ${SERVICE_TYPES_PER_DEVICE_MAX}.`,
      );
    }
    if (!session.devices.has(name) && session.devices.size >= DEVICES_PER_SESSION_MAX) {
      throw new QconnError(
        'quota',
        `The machine provides ${DEVICES_PER_SESSION_MAX} devices already, which is the limit.`,
      );
    }
    this.#version += 1;
    const device = session.devices.get(name) ?? new LiveDevice(session, name);
    const before = device.serviceTypes;
    this.#withdrawn(device);
    session.devices.set(name, device);
    device.join(types, this.isCurrent(session) ? [...types].map((type) => this.#poolOf(type)) : []);
    this.#tell({ device, before, after: types, reason: 'withdrawn' });
    return device;
  }

  /** Takes a device back. Exchanges that it is working on go on. @returns whether there was one */
  withdraw(session: Session<S>, name: string): boolean {
    const device = session.devices.get(name);
    if (device === undefined) return false;
    this.#version += 1;
    this.#withdrawn(device);
    session.devices.delete(name);
    this.#tell({ device, before: device.serviceTypes, after: NONE, reason: 'withdrawn' });
    return true;
  }

  /** The live devices of a service type, the least busy first. */
  pool(serviceType: string): DevicePool<S> | undefined {
    return this.#pools.get(serviceType);
  }

  /** Service types that some live device provides. */
  serviceTypes(): Iterable<string> {
    return this.#pools.keys();
  }

  [Symbol.iterator](): Iterator<Session<S>> {
    return this.#byId.values();
  }

  /** Takes a session out of every index but that by id. Its devices stay known to it alone. */
  #retire(session: Session<S>, reason: ErrorCode): void {
    if (!this.isCurrent(session)) return;
    for (const device of session.devices.values()) {
      this.#withdrawn(device);
      this.#tell({ device, before: device.serviceTypes, after: NONE, reason });
    }
    this.#byFingerprint.delete(session.fingerprint);
    this.#releaseHostname(session);
  }

  /** A superseded session's devices are offered to nobody: what becomes of them is no news. */
  #tell(change: DeviceChange<S>): void {
    if (!this.isCurrent(change.device.session)) return;
    for (const listener of this.#listeners) listener(change);
  }

  #releaseHostname(session: Session<S>): void {
    const { hostname } = session;
    if (hostname !== undefined && this.#byHostname.get(hostname) === session) this.#byHostname.delete(hostname);
  }

  #poolOf(serviceType: string): DevicePool<S> {
    const pool = this.#pools.get(serviceType) ?? new DevicePool<S>();
    this.#pools.set(serviceType, pool);
    return pool;
  }

  #withdrawn(device: LiveDevice<S>): void {
    device.leave();
    for (const type of device.serviceTypes) {
      if (this.#pools.get(type)?.size === 0) this.#pools.delete(type);
    }
  }
}
