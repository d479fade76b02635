export type { Clock, Timer } from './clock.ts';
export { systemClock, TIMER_MAX_MS } from './system-clock.ts';
export { ManualClock } from './manual-clock.ts';
export { wallTimer, WALL_RECHECK_MS } from './wall-timer.ts';
export { backoffDelay, type BackoffParameters } from './backoff.ts';
export { DeadlineAlarm } from './deadline-alarm.ts';
export { DeadlineQueue, type Deadline } from './deadline-queue.ts';
