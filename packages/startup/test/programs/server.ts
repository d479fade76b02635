import { runUntilSignal } from '@qconn/startup';

/**
 * Runs until a signal. The first argument says how long closing takes, in milliseconds, or `throws`, or `until`; the second how long it may
 * take.
 */
const [closing = '0', deadlineMs = '60000'] = process.argv.slice(2);
const until = closing === 'until' ? { until: Promise.resolve() } : {};

try {
  const run = runUntilSignal({
    deadlineMs: Number(deadlineMs),
    tell: (message) => console.log(message),
    close: async (signal) => {
      console.log(`closing on ${signal}`);
      if (closing === 'throws') throw new Error('could not close');
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, Number(closing));
      await promise;
      console.log('closed');
    },
    ...until,
  });
  console.log('ready');
  process.exitCode = await run;
} catch (error) {
  console.log(String(error));
  process.exitCode = 1;
}
