import { isQconnError } from '@qconn/protocol';
import { reportFailure } from '@qconn/startup';
import type { Surroundings } from '../surroundings.ts';
import { printableLines } from './printable.ts';

/** Tells why a command failed. @returns the exit code */
export function failed(error: unknown, { stderr, env }: Surroundings): number {
  // The text may come from a machine or its handler: it must not steer the terminal.
  const destination = { write: (text: string) => stderr.write(printableLines(text)) };
  const code = reportFailure(error, { program: 'qconn', debug: env['QCONN_DEBUG'] === '1', destination });
  const request = isQconnError(error) && error.httpStatus >= 500 ? error.facts['request'] : undefined;
  if (request !== undefined) destination.write(`  request: ${request}, as the hub’s log has it\n`);
  return code;
}
