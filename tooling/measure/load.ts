import { quantile } from './quantile.ts';

/** What came of one load. */
export interface LoadResult {
  readonly inFlight: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

const WARM_UP_MS = 500;
const MEASURE_MS = 2_500;

/** A load to begin with, by requests in flight and milliseconds. */
const FIRST_LOAD = 64;
const FIRST_LOAD_MS = 1_000;

/** Has every process on the way run for a while before anything is measured: no hub is restarted for each message. */
export async function warmUp(send: (answered: () => void) => void): Promise<void> {
  await runLoad(FIRST_LOAD, send, FIRST_LOAD_MS);
}

/** Keeps `inFlight` requests in flight for a while. @param send sends one and calls back when it is answered */
export function measureLoad(inFlight: number, send: (answered: () => void) => void): Promise<LoadResult> {
  return runLoad(inFlight, send, WARM_UP_MS + MEASURE_MS);
}

function runLoad(inFlight: number, send: (answered: () => void) => void, forMs: number): Promise<LoadResult> {
  return new Promise((resolve) => {
    const times: number[] = [];
    const start = performance.now();
    let running = inFlight;
    const next = (): void => {
      const sentAt = performance.now();
      send(() => {
        const now = performance.now();
        if (now - start > WARM_UP_MS) times.push(now - sentAt);
        if (now - start < forMs) next();
        else if (--running === 0) resolve(summary(inFlight, times));
      });
    };
    for (let index = 0; index < inFlight; index += 1) next();
  });
}

function summary(inFlight: number, times: number[]): LoadResult {
  const at = (share: number): number => Math.round(quantile(times, share) * 1_000);
  return { inFlight, perSecond: Math.round((times.length / MEASURE_MS) * 1_000), p50Us: at(0.5), p99Us: at(0.99) };
}
