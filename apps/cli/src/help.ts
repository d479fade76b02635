import type { Command } from 'commander';

/** Adds examples to a command's help: what to type, and what it is for. */
export function withExamples(
  command: Command,
  examples: readonly (readonly [line: string, purpose: string])[],
): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const oneLine = width <= 60;
  const lines = examples.map(([line, purpose]) =>
    oneLine ? `  ${line.padEnd(width)}  ${purpose}` : `  # ${purpose}\n  ${line}`,
  );
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
