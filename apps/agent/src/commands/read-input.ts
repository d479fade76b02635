import { readFileSync } from 'node:fs';
import { QconnError } from '@qconn/protocol';

/**
 * A file that the command line names; `-` for standard input.
 * @param what it is, for people: `token file`
 * @throws QconnError `usage` when it cannot be read
 */
export function readInput(file: string, what: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (cause) {
    throw new QconnError('usage', `The ${what} ${file} cannot be read.`, { cause });
  }
}
