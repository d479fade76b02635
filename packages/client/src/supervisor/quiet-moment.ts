import type { Clock } from '@qconn/clock';
import type { Jobs } from '../exchange/jobs.ts';
import type { Session } from '../session/session.ts';

/** How long a planned reconnect waits for a quiet moment, and how often it looks for one, in milliseconds. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 20;

/** Waits until nothing is in flight on a session and no job runs, but not for ever. */
export async function quietMoment(session: Session, { clock, jobs }: { clock: Clock; jobs: Jobs }): Promise<void> {
  const end = clock.monotonic() + PATIENCE_MS;
  while (session.inFlight + jobs.size > 0 && clock.monotonic() < end) {
    await new Promise<void>((resolve) => void clock.setTimer(LOOK_MS, resolve));
  }
}
