import type { HubExchange } from './hub-exchange.ts';

/**
 * Exchanges for which nothing is to be done until something happens elsewhere, by what that is. An exchange is on one
 * shelf at most:
 * - `back` *fingerprint*: its target was lost before it acknowledged, and may come back
 * - `left` *fingerprint*: its sender is gone, and the job goes on; the fingerprint is the sender's
 * - `machine` *name*, `type` *service type*: there was no target, and its sender waits for one to appear
 */
export type Shelf = `${'back' | 'left' | 'machine' | 'type'} ${string}`;

/** The shelves of a relay. */
export class Shelves {
  readonly #shelves = new Map<Shelf, Set<HubExchange>>();

  /** Puts an exchange on a shelf, from the one that it was on. */
  put(exchange: HubExchange, shelf: Shelf): void {
    this.take(exchange);
    const there = this.#shelves.get(shelf) ?? new Set();
    this.#shelves.set(shelf, there.add(exchange));
    exchange.value.shelf = shelf;
  }

  /** Takes an exchange from its shelf, if it is on one. */
  take(exchange: HubExchange): void {
    const { shelf } = exchange.value;
    if (shelf === undefined) return;
    exchange.value.shelf = undefined;
    const there = this.#shelves.get(shelf);
    there?.delete(exchange);
    if (there?.size === 0) this.#shelves.delete(shelf);
  }

  /** What is on a shelf, oldest first; copied, so that a sweep may take it off as it goes. */
  on(shelf: Shelf): HubExchange[] {
    return [...(this.#shelves.get(shelf) ?? [])];
  }

  /** Machines that left something behind: as senders whose jobs go on, or as targets that may come back. */
  absentees(): Set<string> {
    const machines = new Set<string>();
    for (const shelf of this.#shelves.keys()) {
      if (shelf.startsWith('back ') || shelf.startsWith('left ')) machines.add(shelf.slice('back '.length));
    }
    return machines;
  }
}
