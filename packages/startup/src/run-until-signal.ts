import { EXIT_FAILED, EXIT_OK, exitCodeOfSignal } from './exit-code.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
export type StopSignal = (typeof SIGNALS)[number];

/** What a program that gives up has left to close what it still can, such as a database, in milliseconds. */
const GIVE_UP_MS = 1_000;

/** How a program stops. */
export interface Shutdown {
  /** Stops everything that the program started. Called once, on the first signal. */
  readonly close: (signal: StopSignal) => Promise<void>;
  /** How long `close` may take, in milliseconds, before the program gives up and exits with 1; asked when it begins. */
  readonly deadlineMs: number | (() => number);
  /** Told what is going on, such as `log.info`. */
  readonly tell?: (message: string) => void;
  /** Ends the wait without a signal: when it resolves, `close` is not called; when it rejects, so does the run. */
  readonly until?: Promise<unknown>;
}

/**
 * Keeps a program running until SIGINT or SIGTERM, then closes it. A second signal exits at once with 128 and
 * the signal's number.
 * @returns the exit code: 0 after a clean stop; 1 when `close` took longer than its deadline, and then the process ends
 *   within a second, whatever is still open
 * @throws whatever `close` throws
 */
export async function runUntilSignal({ close, deadlineMs, tell = () => {}, until }: Shutdown): Promise<number> {
  const wait = waitForSignal();
  try {
    const signal = await (until === undefined ? wait.signal : Promise.race([wait.signal, until.then(() => undefined)]));
    if (signal === undefined) return EXIT_OK;
    tell(`${signal}: stopping; again to stop at once`);
    const limitMs = typeof deadlineMs === 'number' ? deadlineMs : deadlineMs();
    const inTime = await withinDeadline(close(signal), limitMs);
    if (inTime) return EXIT_OK;
    tell(`not stopped after ${limitMs} ms; giving up`);
    // What would not close would keep the process alive for ever.
    setTimeout(() => process.exit(EXIT_FAILED), GIVE_UP_MS).unref();
    return EXIT_FAILED;
  } finally {
    wait.end();
  }
}

/** The first signal resolves; every further one exits. */
function waitForSignal(): { signal: Promise<StopSignal>; end: () => void } {
  const { promise, resolve } = Promise.withResolvers<StopSignal>();
  // A pending promise does not keep Node alive, and a program may have no other handle while it waits.
  const alive = setInterval(() => {}, 2 ** 31 - 1);
  let first = true;
  const onSignal = (signal: StopSignal): void => {
    if (!first) process.exit(exitCodeOfSignal(signal));
    first = false;
    resolve(signal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const end = (): void => {
    clearInterval(alive);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  return { signal: promise, end };
}

async function withinDeadline(work: Promise<void>, deadlineMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), deadlineMs);
  try {
    return await Promise.race([work.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
  }
}
