import { networkInterfaces } from 'node:os';
import type { Clock, Timer } from '@qconn/clock';
import type { Connection } from '@qconn/transport';
import { judgePath, PATH_LOOK_MS, type PathFailure } from './path-verdict.ts';

/** What looking after a path takes. */
export interface PathLookDependencies {
  readonly clock: Clock;
  /** The IP addresses that this computer has now. Without it a lost address shows only by silence. */
  readonly addresses?: (() => ReadonlySet<string>) | undefined;
}

/** The IP addresses of this computer's interfaces. */
export function ownAddresses(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((infos = []) => infos.map(({ address }) => address)));
}

/** Looks at a connection's path again and again, for as long as the connection lives or until it is stopped. */
export class PathLook {
  readonly #connection: Connection;
  readonly #dependencies: PathLookDependencies;
  readonly #failed: (failure: PathFailure) => void;
  #timer: Timer | undefined;

  /** @param failed called at each look that finds the path failed */
  constructor(connection: Connection, dependencies: PathLookDependencies, failed: (failure: PathFailure) => void) {
    this.#connection = connection;
    this.#dependencies = dependencies;
    this.#failed = failed;
    this.#wait();
    void connection.closed.then(() => this.stop());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#timer = this.#dependencies.clock.setTimer(PATH_LOOK_MS, () => {
      this.#wait();
      const { path, local } = this.#connection;
      const failure = judgePath(path, local.host, this.#dependencies.addresses?.());
      if (failure !== undefined) this.#failed(failure);
    });
  }
}
