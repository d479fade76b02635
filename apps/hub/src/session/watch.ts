import type { Policy } from '@qconn/authz';
import {
  encodeWatchChanges,
  encodeWatchSnapshot,
  inFrames,
  type ErrorCode,
  type PackedWriter,
  type PresenceChange,
  type Provider,
  type ProviderFilter,
} from '@qconn/protocol';
import { WatchBacklog, type DeviceChange, type LiveDevice, type SessionTable } from '@qconn/routing';
import type { Peer } from '../relay/peer.ts';
import { onlineProviders } from './find-providers.ts';
import { visible } from './visibility.ts';

/** What a watch works with. */
export interface WatchDependencies {
  readonly sessions: SessionTable<Peer>;
  readonly writer: PackedWriter;
}

/** Who watches what. */
export interface WatchStart {
  /** The fingerprint of the machine that watches. */
  readonly viewer: string;
  readonly peer: Peer;
  /** The id of its call. */
  readonly id: number;
  readonly filter: ProviderFilter;
}

/** Bytes that may wait for a machine before its watches hold back what they have for it. */
const BUFFERED_MAX_BYTES: number = 256 * 1024;

/** One watch of one session: what the watcher may see, compared with what it could see before. */
export class Watch {
  readonly #dependencies: WatchDependencies;
  readonly #start: WatchStart;
  readonly #backlog = new WatchBacklog<PresenceChange>();
  /** The policy by which the watcher sees what it has been told. */
  #policy: Policy;
  #sending = false;
  #ended = false;

  constructor(dependencies: WatchDependencies, start: WatchStart, policy: Policy) {
    this.#dependencies = dependencies;
    this.#start = start;
    this.#policy = policy;
    void this.#send();
  }

  get viewer(): string {
    return this.#start.viewer;
  }

  end(): void {
    this.#ended = true;
  }

  deviceChanged({ device, before, after, reason }: DeviceChange<Peer>): void {
    const change = (serviceTypes: ReadonlySet<string>): PresenceChange | undefined =>
      this.#see(this.#policy, device, serviceTypes);
    this.#compare(change(before), change(after), reason);
  }

  /** Puts another policy in force, as far as it concerns some devices; the others look the same under both. */
  policyChanged(policy: Policy, devices: Iterable<LiveDevice<Peer>>): void {
    const before = this.#policy;
    this.#policy = policy;
    for (const device of devices) {
      const reason = policy.machine(device.session.fingerprint)?.status === 'revoked' ? 'revoked' : 'forbidden';
      const { serviceTypes } = device;
      this.#compare(this.#see(before, device, serviceTypes), this.#see(policy, device, serviceTypes), reason);
    }
  }

  #see(
    policy: Policy,
    { session, name }: LiveDevice<Peer>,
    serviceTypes: ReadonlySet<string>,
  ): PresenceChange | undefined {
    const { viewer, filter } = this.#start;
    const seen = visible(policy, viewer, filter, { fingerprint: session.fingerprint, device: name, serviceTypes });
    if (seen === undefined) return undefined;
    return { fingerprint: seen.fingerprint, hostname: seen.hostname, device: name, serviceTypes: seen.serviceTypes };
  }

  #compare(before: PresenceChange | undefined, after: PresenceChange | undefined, reason: ErrorCode): void {
    if (after !== undefined && (before === undefined || !sameSight(before, after))) this.#backlog.push(after);
    else if (after === undefined && before !== undefined) this.#backlog.push({ ...before, gone: reason });
    if (!this.#backlog.isEmpty) void this.#send();
  }

  /** Sends what waits, as fast as the machine takes it and in frames as full as they get. */
  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    const { peer, id } = this.#start;
    try {
      // What else happens in this turn goes into the same frame.
      await Promise.resolve();
      while (!this.#ended && !this.#backlog.isEmpty) {
        for (const frame of this.#frames()) {
          if (peer.bufferedBytes > BUFFERED_MAX_BYTES) await peer.writable();
          if (this.#ended) return;
          peer.send(id, frame);
        }
      }
    } catch {
      // The connection has ended; whoever watches learns it from there.
      this.#ended = true;
    } finally {
      this.#sending = false;
    }
  }

  /** What is next, encoded as it is asked for. What it shows is fixed now. */
  #frames(): Iterable<Uint8Array> {
    const batch = this.#backlog.take();
    if (batch === undefined) return [];
    if (batch.kind === 'changes') return this.#changeFrames(batch.version, batch.changes);
    const { viewer, filter } = this.#start;
    const providers = [...onlineProviders(this.#dependencies.sessions, this.#policy, viewer, filter)];
    return this.#snapshotFrames(providers, batch);
  }

  *#snapshotFrames(
    providers: readonly Provider[],
    { version, cause }: { readonly version: number; readonly cause: 'begun' | 'behind' },
  ): Generator<Uint8Array> {
    let left = providers.length;
    for (const part of inFrames(providers)) {
      left -= part.length;
      const snapshot = { version, cause, providers: part, last: left === 0 };
      yield encodeWatchSnapshot(this.#dependencies.writer, this.#start.id, snapshot);
    }
  }

  *#changeFrames(first: number, changes: readonly PresenceChange[]): Generator<Uint8Array> {
    let version = first;
    for (const part of inFrames(changes)) {
      yield encodeWatchChanges(this.#dependencies.writer, this.#start.id, { version, changes: part });
      version += part.length;
    }
  }
}

function sameSight(a: PresenceChange, b: PresenceChange): boolean {
  const types = new Set(a.serviceTypes);
  return (
    a.hostname === b.hostname &&
    a.serviceTypes.length === b.serviceTypes.length &&
    b.serviceTypes.every((type) => types.has(type))
  );
}
