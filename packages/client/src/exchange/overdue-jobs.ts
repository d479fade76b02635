import type { Clock, Timer } from '@qconn/clock';

/** How long a handler may take to stop once its signal has fired, before that is reported, in milliseconds. */
const OVERDUE_MS = 30_000;

/** Handlers of one device that were told to stop, and still run. Each keeps its place among the jobs that the device may run at once. */
export interface OverdueReport {
  readonly device: string;
  /** How many, of those that were told so 30 s ago or more. */
  readonly jobs: number;
  /** For how long the one has run on that was told first, in milliseconds. */
  readonly longestMs: number;
}

/** The jobs of one device, in the order in which they were told to stop. */
interface Told {
  readonly sinceOf: Map<object, number>;
  timer: Timer;
}

/**
 * Watches handlers that have been told to stop, and reports a device where that does not happen: after 30 s, and again whenever
 * the time has doubled.
 */
export class OverdueJobs {
  readonly #clock: Clock;
  readonly #report: (overdue: OverdueReport) => void;
  readonly #devices = new Map<string, Told>();

  constructor(clock: Clock, report: (overdue: OverdueReport) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** A job's handler has been told to stop. */
  told(job: object, device: string): void {
    const now = this.#clock.monotonic();
    const known = this.#devices.get(device);
    if (known === undefined)
      this.#devices.set(device, { sinceOf: new Map([[job, now]]), timer: this.#lookIn(OVERDUE_MS, device) });
    else if (!known.sinceOf.has(job)) known.sinceOf.set(job, now);
  }

  /** A job's handler has returned. */
  over(job: object, device: string): void {
    if (this.#devices.size === 0) return;
    const told = this.#devices.get(device);
    if (told?.sinceOf.delete(job) !== true || told.sinceOf.size > 0) return;
    told.timer.cancel();
    this.#devices.delete(device);
  }

  /** Nobody wants to know any more. */
  close(): void {
    for (const { timer } of this.#devices.values()) timer.cancel();
    this.#devices.clear();
  }

  #lookIn(ms: number, device: string): Timer {
    return this.#clock.setTimer(ms, () => this.#look(device));
  }

  #look(device: string): void {
    const told = this.#devices.get(device);
    if (told === undefined) return;
    const now = this.#clock.monotonic();
    const times = [...told.sinceOf.values()].map((since) => now - since);
    const longestMs = times[0] ?? 0;
    told.timer = this.#lookIn(longestMs < OVERDUE_MS ? OVERDUE_MS - longestMs : longestMs, device);
    if (longestMs < OVERDUE_MS) return;
    this.#report({ device, jobs: times.filter((ms) => ms >= OVERDUE_MS).length, longestMs });
  }
}
