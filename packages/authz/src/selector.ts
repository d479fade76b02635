import type { Selector } from './role.ts';
import { someOf } from './some-of.ts';

/** True when a selector leaves no machine out, so that the grant need not look at the other side. */
export function matchesEveryMachine(selector: Selector | undefined): boolean {
  if (selector === undefined) return true;
  return Object.keys(selector.labels ?? {}).length === 0 && selector.hostnames === undefined;
}

/** A selector in words: `site=oslo, floor=2, hostname label-1 or kiosk-*`. */
export function selectorInWords(selector: Selector): string {
  const labels = Object.entries(selector.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  const hostnames = selector.hostnames === undefined ? [] : [`hostname ${someOf(selector.hostnames, ' or ')}`];
  return [...labels, ...hostnames].join(', ') || 'any machine';
}
