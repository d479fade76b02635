import { quantile } from '../../../tooling/measure/quantile.ts';

/** Spread of a measurement, in milliseconds. */
export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** @param times in milliseconds, at least one */
export function spreadOf(times: readonly number[]): Spread {
  const at = (share: number): number => Math.round(quantile(times, share) * 10) / 10;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
