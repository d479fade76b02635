import type { Principal } from './principal.ts';
import type { Selector } from './role.ts';

/** A selector made ready for the hot path: matching allocates nothing. */
export class CompiledSelector {
  readonly #labels: readonly (readonly [key: string, value: string])[];
  readonly #hostnames: ReadonlySet<string>;
  readonly #prefixes: readonly string[];
  readonly #anyHostname: boolean;

  constructor(selector: Selector) {
    const hostnames = (selector.hostnames ?? []).map((hostname) => hostname.toLowerCase());
    this.#labels = Object.entries(selector.labels ?? {});
    this.#hostnames = new Set(hostnames.filter((hostname) => !hostname.endsWith('*')));
    this.#prefixes = hostnames.filter((hostname) => hostname.endsWith('*')).map((hostname) => hostname.slice(0, -1));
    this.#anyHostname = selector.hostnames === undefined;
  }

  /** @param hostname the machine's hostname in lower case, if it has one */
  matches(machine: Principal, hostname: string | undefined): boolean {
    for (const [key, value] of this.#labels) {
      if (machine.labels[key] !== value) return false;
    }
    return this.#anyHostname || (hostname !== undefined && this.#names(hostname));
  }

  #names(hostname: string): boolean {
    if (this.#hostnames.has(hostname)) return true;
    for (const prefix of this.#prefixes) {
      if (hostname.startsWith(prefix)) return true;
    }
    return false;
  }
}

/** True when a selector leaves no machine out, so that the grant need not look at the other side. */
export function matchesEveryMachine(selector: Selector | undefined): boolean {
  if (selector === undefined) return true;
  return Object.keys(selector.labels ?? {}).length === 0 && selector.hostnames === undefined;
}

/** A selector in words: `site=oslo, floor=2, hostname label-1 or kiosk-*`. */
export function selectorInWords(selector: Selector): string {
  const labels = Object.entries(selector.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  const hostnames = selector.hostnames === undefined ? [] : [`hostname ${selector.hostnames.join(' or ')}`];
  return [...labels, ...hostnames].join(', ') || 'any machine';
}
