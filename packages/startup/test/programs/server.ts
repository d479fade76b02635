import { runUntilSignal } from '@qconn/startup';

/** Runs until a signal. The first argument says how long closing takes, in milliseconds, or `throws`, or `until`. */
const closing = process.argv[2] ?? '0';
const until = closing === 'until' ? { until: Promise.resolve() } : {};

try {
  const run = runUntilSignal({
    deadlineMs: 300,
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
