import { CommanderError } from 'commander';
import { EXIT_OK, EXIT_USAGE } from '@qconn/startup';
import { Invocation } from './invocation.ts';
import { failed } from './output/failure.ts';
import { program } from './program.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Runs one command line.
 * @param argv without the program's own name
 * @returns the exit code
 */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const invocation = new Invocation(surroundings);
  try {
    await program(invocation).parseAsync(argv, { from: 'user' });
    return invocation.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    return failed(error, surroundings);
  } finally {
    invocation.close();
  }
}
