import { isQconnError } from '@qconn/protocol';
import { exitCodeOf } from './exit-code.ts';
import { errorFields } from './log/error-fields.ts';
import { errorLines } from './log/error-lines.ts';
import { withoutSecrets } from './secrets.ts';

export interface FailureReport {
  /** Such as `qconn-hub`; begins the first line. */
  readonly program: string;
  /** Whether to show the stacks of errors that are expected to happen. */
  readonly debug?: boolean;
  /** Standard error when left out. */
  readonly destination?: { write(text: string): unknown };
}

/**
 * Tells a person why a program ends: what happened, because of what, what to do, and the stable code. What is no
 * QconnError was not expected, and is reported with its stack.
 * @returns the exit code to end with
 */
export function reportFailure(error: unknown, report: FailureReport): number {
  const { program, debug = false, destination = process.stderr } = report;
  const [message, ...rest] = errorLines(errorFields(error, debug));
  const unexpected = isQconnError(error) ? [] : ['what to do: This was not expected. Report it with these lines.'];
  const lines = [`${program}: ${message}`, ...[...rest, ...unexpected].map((line) => `  ${line}`)];
  destination.write(`${withoutSecrets(lines.join('\n'))}\n`);
  return exitCodeOf(error);
}
