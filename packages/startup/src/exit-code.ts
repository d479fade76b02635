import { isQconnError } from '@qconn/protocol';

/** All is well; also after a stop by a signal. */
export const EXIT_OK = 0;
/** Something failed: the message says what. */
export const EXIT_FAILED = 1;
/** The command line or the configuration is not understood: trying again unchanged cannot help. */
export const EXIT_USAGE = 2;

/** The exit code for a failure. */
export function exitCodeOf(error: unknown): number {
  return isQconnError(error, 'usage') || isQconnError(error, 'config_invalid') ? EXIT_USAGE : EXIT_FAILED;
}

/** The exit code of a program that a signal ended without a clean stop, as shells count it: 128 and its number. */
export function exitCodeOfSignal(signal: 'SIGINT' | 'SIGTERM'): number {
  return signal === 'SIGINT' ? 130 : 143;
}
