import type { HubExchange } from './hub-exchange.ts';

/** Exchanges whose target was lost before it acknowledged, by the machine that they wait for. */
export class WaitingRoom {
  readonly #byMachine = new Map<string, Set<HubExchange>>();

  add(exchange: HubExchange, fingerprint: string): void {
    const waiting = this.#byMachine.get(fingerprint) ?? new Set();
    this.#byMachine.set(fingerprint, waiting.add(exchange));
  }

  remove(exchange: HubExchange): void {
    const fingerprint = exchange.value.waitingFor?.fingerprint;
    if (fingerprint === undefined) return;
    const waiting = this.#byMachine.get(fingerprint);
    waiting?.delete(exchange);
    if (waiting?.size === 0) this.#byMachine.delete(fingerprint);
  }

  /** What waits for a machine, or for one device of it; copied, so that a sweep may change it as it goes. */
  of(fingerprint: string, device?: string): HubExchange[] {
    const waiting = [...(this.#byMachine.get(fingerprint) ?? [])];
    return device === undefined ? waiting : waiting.filter((exchange) => exchange.value.waitingFor?.device === device);
  }
}
