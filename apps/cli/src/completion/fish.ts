import type { CommandWords } from './command-words.ts';

/** A completion script for fish. */
export function fishCompletion(words: readonly CommandWords[]): string {
  const lines = words.flatMap((command) => [...commandLines(command, words), ...optionLines(command)]);
  return `${lines.join('\n')}\n`;
}

function commandLines({ path, commands }: CommandWords, words: readonly CommandWords[]): string[] {
  return commands.map((name) => {
    const below = words.find((one) => one.path === `${path} ${name}`.trim());
    return `complete -c qconn -f -n ${quoted(condition(path, commands))} -a ${name} -d ${quoted(below?.description ?? '')}`;
  });
}

function optionLines({ path, commands, options }: CommandWords): string[] {
  return options.map(
    ({ long, description, takesValue }) =>
      `complete -c qconn -n ${quoted(condition(path, commands))} -l ${long.slice(2)}${takesValue ? ' -r' : ''} -d ${quoted(description)}`,
  );
}

/** True where the line names this command and none below it. */
function condition(path: string, commands: readonly string[]): string {
  const seen = path === '' ? [] : path.split(' ').map((name) => `__fish_seen_subcommand_from ${name}`);
  const unseen = commands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${commands.join(' ')}`];
  return [...seen, ...unseen].join('; and ');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
