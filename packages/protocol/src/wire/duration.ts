import { QconnError } from '../errors.ts';
import { DEADLINE_MAX_MS } from '../limits.ts';
import type { PackedReader } from './packed-reader.ts';

/**
 * Checks a duration before it is written.
 * @returns whole milliseconds, rounded up
 * @throws QconnError `invalid_request` outside 1 … 86,400,000
 */
export function checkDuration(ms: number, what: string): number {
  const whole = Math.ceil(ms);
  if (whole >= 1 && whole <= DEADLINE_MAX_MS) return whole;
  throw new QconnError('invalid_request', `The ${what} is ${ms} ms; it has to be 1 … ${DEADLINE_MAX_MS}.`);
}

/** Reads four bytes of milliseconds. @throws QconnError `bad_frame` outside 1 … 86,400,000 */
export function readDuration(reader: PackedReader, what: string): number {
  const ms = reader.u32();
  if (ms < 1 || ms > DEADLINE_MAX_MS) throw reader.bad(`a ${what} of ${ms} ms; it is 1 … ${DEADLINE_MAX_MS}`);
  return ms;
}
