import type { Clock } from '@qconn/clock';

/** Runs a drain, and stops waiting for it at the deadline. */
export async function drainWithin(
  clock: Clock,
  deadlineMs: number,
  drain: (deadline: AbortSignal) => Promise<void>,
): Promise<void> {
  const deadline = new AbortController();
  const late = Promise.withResolvers<void>();
  const timer = clock.setTimer(deadlineMs, () => {
    deadline.abort();
    late.resolve();
  });
  await Promise.race([drain(deadline.signal), late.promise]);
  timer.cancel();
}
