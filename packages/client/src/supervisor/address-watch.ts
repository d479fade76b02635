import type { Clock, Timer } from '@qconn/clock';
import type { Connection } from '@qconn/transport';
import type { Resolution } from './hub-resolver.ts';

/** What watching a name takes. */
export interface AddressWatchDependencies {
  readonly clock: Clock;
  /** Where the hub's name points now. @throws QconnError */
  readonly resolveAgain: () => Promise<Resolution>;
}

/** Longest and shortest time between two looks, in milliseconds; in between the resolver's word counts. */
const LOOK_MAX_MS = 60_000;
const LOOK_MIN_MS = 5_000;

/**
 * Answers in a row without the address in use before the hub counts as moved: a name that stands for many addresses may be
 * answered with some of them, each time with others.
 */
const MISSING_MAX = 3;

/** Asks again and again whether the hub's name still stands for the address that a connection goes to, while it lives. */
export class AddressWatch {
  readonly #connection: Connection;
  readonly #dependencies: AddressWatchDependencies;
  readonly #moved: () => void;
  #missing = 0;
  #suspected = false;
  #looking = false;
  #stopped = false;
  #timer: Timer | undefined;

  /** @param moved called once, when the name no longer stands for that address */
  constructor(connection: Connection, dependencies: AddressWatchDependencies, moved: () => void) {
    this.#connection = connection;
    this.#dependencies = dependencies;
    this.#moved = moved;
    this.#wait(LOOK_MIN_MS);
    void connection.closed.then(() => this.stop());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Nothing comes from the address in use: looks now, and takes the first answer without it for a move. */
  suspect(): void {
    this.#suspected = true;
    if (this.#stopped || this.#looking) return;
    this.#timer?.cancel();
    void this.#look();
  }

  #wait(ms: number): void {
    this.#timer = this.#dependencies.clock.setTimer(ms, () => void this.#look());
  }

  async #look(): Promise<void> {
    let ttlMs: number | undefined;
    this.#looking = true;
    try {
      const resolution = await this.#dependencies.resolveAgain();
      ttlMs = resolution.ttlMs;
      this.#missing = this.#names(resolution) ? 0 : this.#missing + 1;
    } catch {
      // A resolver that fails says nothing of where the hub is; the connection stands.
    }
    this.#looking = false;
    if (this.#stopped) return;
    const enough = this.#suspected ? 1 : MISSING_MAX;
    this.#suspected = false;
    if (this.#missing < enough) return this.#wait(Math.min(LOOK_MAX_MS, Math.max(LOOK_MIN_MS, ttlMs ?? LOOK_MAX_MS)));
    this.stop();
    this.#moved();
  }

  #names({ places }: Resolution): boolean {
    const { host, port } = this.#connection.remote;
    return places.length === 0 || places.some(({ address }) => address.host === host && address.port === port);
  }
}
