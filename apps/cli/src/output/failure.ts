import { reportFailure } from '@qconn/startup';
import type { Surroundings } from '../surroundings.ts';
import { printableLines } from './printable.ts';

/** Tells why a command failed. @returns the exit code */
export function failed(error: unknown, surroundings: Surroundings): number {
  // The text may come from a machine or its handler: it must not steer the terminal.
  const destination = { write: (text: string) => surroundings.stderr.write(printableLines(text)) };
  return reportFailure(error, { program: 'qconn', debug: surroundings.env['QCONN_DEBUG'] === '1', destination });
}
