import { isQconnError, QconnError } from '@qconn/protocol';
import { exitCodeOf } from './exit-code.ts';
import { withoutSecrets } from './secrets.ts';

export interface FailureReport {
  /** Such as `qconn-hub`; begins the first line. */
  readonly program: string;
  /** Whether to show stacks of errors that are expected to happen. */
  readonly debug?: boolean;
  /** Standard error when left out. */
  readonly destination?: { write(text: string): unknown };
}

/**
 * Tells a person why a program ends: what happened, because of what, what to do, and the stable code.
 * @returns the exit code to end with
 */
export function reportFailure(
  error: unknown,
  { program, debug = false, destination = process.stderr }: FailureReport,
): number {
  const lines = [`${program}: ${messageOf(error)}`, ...causes(error)];
  if (isQconnError(error)) lines.push(`  what to do: ${error.action}`, `  code: ${error.code}`);
  else lines.push('  what to do: This was not expected. Report it with the lines below.', '  code: internal');
  if (error instanceof Error && (debug || !isQconnError(error)) && error.stack !== undefined) lines.push(error.stack);
  destination.write(`${withoutSecrets(lines.join('\n'))}\n`);
  return exitCodeOf(error);
}

function causes(error: unknown): string[] {
  const lines: string[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && lines.length < 5) {
    const code = cause instanceof QconnError ? ` (${cause.code})` : '';
    lines.push(`  because: ${messageOf(cause)}${code}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
