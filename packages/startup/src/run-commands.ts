import { CommanderError, type Command } from 'commander';
import { EXIT_OK, EXIT_USAGE } from './exit-code.ts';
import { reportFailure } from './report-failure.ts';

/** What a command has to tell the shell, once it has run. */
export interface Outcome {
  code: number;
}

/**
 * Runs a program's command line. What goes wrong is told on standard error.
 * @param argv as in `process.argv`
 * @param program its name, for what it says of a failure
 * @param create makes its commands, which throw (`exitOverride`) rather than end the process
 * @returns the exit code: what the command left in the outcome, {@link EXIT_USAGE} for a command line that makes no sense
 */
export async function runCommands(
  argv: readonly string[],
  program: string,
  create: (outcome: Outcome) => Command,
): Promise<number> {
  const outcome: Outcome = { code: EXIT_OK };
  try {
    await create(outcome).parseAsync(argv);
    return outcome.code;
  } catch (error) {
    // Commander has written what it has to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    return reportFailure(error, { program });
  }
}
