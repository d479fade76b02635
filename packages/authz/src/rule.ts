import { GrantDecision, type GrantOrigin } from './decision.ts';
import { HostnamePatterns } from './hostname-patterns.ts';
import type { Member } from './member.ts';
import type { Names } from './numbering.ts';
import { matchesEveryMachine } from './selector.ts';

/** A grant made ready: its decision is made already, and its selector is numbers. */
export class Rule {
  readonly decision: GrantDecision;
  /** True when the grant holds towards every machine. */
  readonly unlimited: boolean;
  /** The label that a selector nearly always has alone; −1 for none. */
  readonly #label: number;
  readonly #moreLabels: readonly number[];
  readonly #hostnames: HostnamePatterns | undefined;

  constructor(origin: GrantOrigin, names: Names) {
    const { selector } = origin.grant;
    this.decision = new GrantDecision(origin);
    this.unlimited = matchesEveryMachine(selector);
    const labels = Object.entries(selector?.labels ?? {}).map(([key, value]) => names.label(key, value));
    this.#label = labels[0] ?? -1;
    this.#moreLabels = labels.slice(1);
    this.#hostnames = selector?.hostnames === undefined ? undefined : new HostnamePatterns(selector.hostnames);
  }

  /** Whether the grant holds towards a machine. Allocates nothing. */
  holdsTowards(target: Member): boolean {
    if (this.#label >= 0 && !target.labels.includes(this.#label)) return false;
    for (const label of this.#moreLabels) {
      if (!target.labels.includes(label)) return false;
    }
    return this.#hostnames === undefined || this.#hostnames.match(target.hostname);
  }
}
