import type { Command } from 'commander';

/** A command as completion sees it. */
export interface CommandWords {
  /** Names from the root, with spaces between; empty for the root itself. */
  readonly path: string;
  readonly description: string;
  readonly commands: readonly string[];
  /** Long options, its own and those of every command. */
  readonly options: readonly { readonly long: string; readonly description: string; readonly takesValue: boolean }[];
}

/** A command and all below it, with the words that may follow each. */
export function commandWords(command: Command, path = '', inherited: CommandWords['options'] = []): CommandWords[] {
  const own = command.options.map(({ long, description, required, optional }) => ({
    long: long ?? '',
    description,
    takesValue: required || optional,
  }));
  const options = [...own, ...inherited];
  const help = { long: '--help', description: 'display help for command', takesValue: false };
  const shared = path === '' ? options.filter(({ long }) => long !== '--version') : inherited;
  return [
    {
      path,
      description: command.description(),
      commands: command.commands.map((one) => one.name()),
      options: [...options, help],
    },
    ...command.commands.flatMap((one) => commandWords(one, `${path} ${one.name()}`.trim(), shared)),
  ];
}
