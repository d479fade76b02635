import type { DevicePool } from './device-pool.ts';
import { hashOf } from './rendezvous.ts';
import type { Session } from './session.ts';

/** A device that a live session provides. */
export class LiveDevice<S> {
  readonly session: Session<S>;
  readonly name: string;
  /** Names it among all devices, over reconnects of its machine; `hash` is its number for stickiness. */
  readonly id: string;
  readonly hash: number;
  #serviceTypes: ReadonlySet<string> = new Set();
  #inFlight = 0;
  #pools: readonly DevicePool<S>[] = [];

  constructor(session: Session<S>, name: string) {
    this.session = session;
    this.name = name;
    this.id = `${session.fingerprint}/${name}`;
    this.hash = hashOf(this.id);
  }

  get serviceTypes(): ReadonlySet<string> {
    return this.#serviceTypes;
  }

  /** Exchanges that it has been sent and that are not over. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** An exchange was sent to it. */
  began(): void {
    for (const pool of this.#pools) pool.raise(this);
    this.#inFlight += 1;
  }

  /** An exchange with it is over. */
  ended(): void {
    for (const pool of this.#pools) pool.lower(this);
    this.#inFlight -= 1;
  }

  /** Gives it its service types, and offers it to senders that name no machine. */
  join(serviceTypes: ReadonlySet<string>, pools: readonly DevicePool<S>[]): void {
    this.#serviceTypes = serviceTypes;
    this.#pools = pools;
    for (const pool of pools) pool.add(this);
  }

  /** Offers it no longer. What it is already doing goes on. */
  leave(): void {
    for (const pool of this.#pools) pool.remove(this);
    this.#pools = [];
  }
}
