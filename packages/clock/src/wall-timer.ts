import type { Clock, Timer } from './clock.ts';

/**
 * Longest time between two looks at the wall clock, in milliseconds. Timers stand still while a
 * computer sleeps and know nothing of a clock that is set: this bounds how late either is noticed.
 */
export const WALL_RECHECK_MS = 60_000;

/** Calls `fire` once, as soon as the wall clock shows `atEpochMs` or later; at the earliest in the next turn. */
export function wallTimer(clock: Clock, atEpochMs: number, fire: () => void): Timer {
  let timer: Timer;
  const look = (): void => {
    if (clock.now() >= atEpochMs) fire();
    else arm();
  };
  const arm = (): void => {
    timer = clock.setTimer(Math.min(Math.max(0, atEpochMs - clock.now()), WALL_RECHECK_MS), look);
  };
  arm();
  return { cancel: () => timer.cancel() };
}
