import { setImmediate as turn } from 'node:timers/promises';
import { PackedWriter, QconnError, WATCHES_PER_SESSION_MAX, type ProviderFilter } from '@qconn/protocol';
import type { LiveDevice, Session, SessionTable } from '@qconn/routing';
import type { LivePolicy, Touched } from '../policy/live-policy.ts';
import type { Peer } from '../relay/peer.ts';
import { Watch } from './watch.ts';

/** What the watches work with. */
export interface WatchesDependencies {
  readonly sessions: SessionTable<Peer>;
  readonly policy: Pick<LivePolicy, 'current' | 'onChange'>;
}

/** Every watch of every session, told of what happens to devices and rights. */
export class Watches {
  readonly #sessions: SessionTable<Peer>;
  readonly #policy: WatchesDependencies['policy'];
  readonly #writer = new PackedWriter();
  readonly #bySession = new Map<Session<Peer>, Map<number, Watch>>();
  /** Watches that are to be compared with every device, each in its turn. */
  readonly #owed = new Set<Watch>();
  #comparing = false;

  constructor({ sessions, policy }: WatchesDependencies) {
    this.#sessions = sessions;
    this.#policy = policy;
    sessions.onDeviceChange((change) => {
      for (const watch of this.#all()) watch.deviceChanged(change);
    });
    policy.onChange((touched) => this.#policyChanged(touched));
  }

  /** Watches, of all sessions. */
  get size(): number {
    let size = 0;
    for (const watches of this.#bySession.values()) size += watches.size;
    return size;
  }

  /** Begins a watch: its first snapshot follows. @throws QconnError `quota`, `invalid_request` for an id that is taken */
  begin(session: Session<Peer>, id: number, filter: ProviderFilter): void {
    const watches = this.#bySession.get(session) ?? new Map<number, Watch>();
    if (watches.has(id)) throw new QconnError('invalid_request', `The session has a watch ${id} already.`);
    if (watches.size >= WATCHES_PER_SESSION_MAX)
      throw new QconnError('quota', `The machine has ${WATCHES_PER_SESSION_MAX} watches already, which is the limit.`);
    const start = { viewer: session.fingerprint, peer: session.value, id, filter };
    watches.set(id, new Watch({ sessions: this.#sessions, writer: this.#writer }, start, this.#policy.current));
    this.#bySession.set(session, watches);
  }

  /** Ends a watch; one that is not there ended before. */
  end(session: Session<Peer>, id: number): void {
    const watches = this.#bySession.get(session);
    const watch = watches?.get(id);
    if (watches === undefined || watch === undefined) return;
    this.#drop(watch);
    watches.delete(id);
    if (watches.size === 0) this.#bySession.delete(session);
  }

  /** A session is gone, and its watches with it. */
  lost(session: Session<Peer>): void {
    for (const watch of this.#bySession.get(session)?.values() ?? []) this.#drop(watch);
    this.#bySession.delete(session);
  }

  #drop(watch: Watch): void {
    watch.end();
    this.#owed.delete(watch);
  }

  *#all(): Generator<Watch> {
    for (const watches of this.#bySession.values()) yield* watches.values();
  }

  /**
   * Other machines' rights are looked at for those machines; what a watcher itself may see, or a role, for every
   * device: that may be many, so each watch has a turn of its own.
   */
  #policyChanged(touched: Touched): void {
    if (this.#bySession.size === 0) return;
    const named = touched === 'all' ? undefined : new Set(touched);
    const devices = named === undefined ? [] : [...named].flatMap((fingerprint) => this.#devicesOf(fingerprint));
    for (const watch of this.#all()) {
      if (named === undefined || named.has(watch.viewer)) this.#owed.add(watch);
      else if (!this.#owed.has(watch)) watch.policyChanged(this.#policy.current, devices);
    }
    if (this.#owed.size > 0 && !this.#comparing) void this.#compareAll();
  }

  async #compareAll(): Promise<void> {
    this.#comparing = true;
    for (const watch of this.#owed) {
      this.#owed.delete(watch);
      watch.policyChanged(this.#policy.current, this.#devices());
      await turn();
    }
    this.#comparing = false;
  }

  #devicesOf(fingerprint: string): LiveDevice<Peer>[] {
    return [...(this.#sessions.ofMachine(fingerprint)?.devices.values() ?? [])];
  }

  *#devices(): Generator<LiveDevice<Peer>> {
    for (const session of this.#sessions) if (this.#sessions.isCurrent(session)) yield* session.devices.values();
  }
}
