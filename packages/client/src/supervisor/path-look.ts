import { networkInterfaces } from 'node:os';
import type { Clock, Timer } from '@qconn/clock';
import type { Connection } from '@qconn/transport';
import { ADDRESS_LOOK_MS, judgePath, PATH_LOOK_MS, type PathVerdict } from './path-verdict.ts';

/** What watching a path takes. */
export interface PathLookDependencies {
  readonly clock: Clock;
  /** The IP addresses that this computer has now. Without it a lost address shows only by silence. */
  readonly addresses?: (() => ReadonlySet<string>) | undefined;
}

/** Quick looks without anything unanswered, after which looks are rare again. */
const QUICK_LOOKS = 10;

/** The IP addresses of this computer's interfaces. */
export function ownAddresses(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((infos = []) => infos.map(({ address }) => address)));
}

/** Looks at a connection's path again and again, for as long as the connection lives or until it is stopped. */
export class PathLook {
  readonly #connection: Connection;
  readonly #dependencies: PathLookDependencies;
  readonly #failed: (failure: PathVerdict) => void;
  #timer: Timer | undefined;
  #dueAt = 0;
  /** Quick looks that are still to come. */
  #quick = 0;
  #addressesAt = 0;
  #moves = 0;
  #stopped = false;

  /** @param failed called at each look that finds the path failed */
  constructor(connection: Connection, dependencies: PathLookDependencies, failed: (failure: PathVerdict) => void) {
    this.#connection = connection;
    this.#dependencies = dependencies;
    this.#failed = failed;
    this.#wait();
    void connection.closed.then(() => this.stop());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** The connection has been told to move. */
  moving(): void {
    this.#moves += 1;
  }

  /** Something is about to be sent: an answer is due soon. */
  expect(): void {
    const slow = this.#quick === 0;
    this.#quick = QUICK_LOOKS;
    if (!slow || this.#stopped) return;
    this.#timer?.cancel();
    this.#wait();
  }

  #wait(): void {
    const { clock } = this.#dependencies;
    const ms = this.#quick > 0 ? PATH_LOOK_MS : ADDRESS_LOOK_MS;
    this.#dueAt = clock.monotonic() + ms;
    this.#timer = clock.setTimer(ms, () => {
      const now = clock.monotonic();
      // This process has been stopped or starved: the answer may lie unread in the socket.
      const late = now - this.#dueAt > PATH_LOOK_MS;
      if (this.#connection.path.unansweredMs > 0) this.#quick = QUICK_LOOKS;
      else if (this.#quick > 0) this.#quick -= 1;
      this.#wait();
      if (late) return;
      const failure = this.#judge(now);
      if (failure !== undefined) this.#failed(failure);
    });
  }

  #judge(now: number): PathVerdict | undefined {
    const { path: signs, local } = this.#connection;
    const ask = now >= this.#addressesAt;
    if (!ask && signs.unansweredMs === 0) return undefined;
    if (ask) this.#addressesAt = now + ADDRESS_LOOK_MS;
    const addresses = ask ? this.#dependencies.addresses?.() : undefined;
    // The engine is asked only while an answer is awaited.
    const rttMs = signs.unansweredMs === 0 ? 0 : this.#connection.stats().rttMs;
    return judgePath({ signs, rttMs, moves: this.#moves, local: local.host, addresses });
  }
}
