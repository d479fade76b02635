import { InvalidArgumentError } from 'commander';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const PART = /(\d+(?:\.\d+)?)(ms|min|[smhdw])/g;

/**
 * Reads `10s`, `24h`, `7d`, `1h30m`, `500ms`.
 * @returns milliseconds, at least 1
 * @throws InvalidArgumentError
 */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(PART)];
  const ms = parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNIT_MS[unit ?? ''] ?? Number.NaN), 0);
  const whole = parts.map(([part]) => part).join('') === text && text !== '';
  if (!whole || !(ms >= 1))
    throw new InvalidArgumentError('Write a number and a unit: 500ms, 10s, 15m, 24h, 7d; or several: 1h30m.');
  return Math.round(ms);
}

/** The same in whole seconds, for what the hub counts in seconds. @throws InvalidArgumentError under a second */
export function parseSeconds(text: string): number {
  const ms = parseDuration(text);
  if (ms < 1000) throw new InvalidArgumentError('A second is the least.');
  return Math.round(ms / 1000);
}
