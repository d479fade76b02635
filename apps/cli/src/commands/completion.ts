import { Argument, type Command } from 'commander';
import { bashCompletion, zshCompletion } from '../completion/bash.ts';
import { commandWords } from '../completion/command-words.ts';
import { fishCompletion } from '../completion/fish.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export function addCompletion(parent: Command, invocation: Invocation): void {
  const command = parent
    .command('completion')
    .addArgument(new Argument('<shell>').choices(Object.keys(SHELLS)))
    .description('print a script that completes commands and options in your shell')
    .action((shell: keyof typeof SHELLS) => {
      invocation.surroundings.stdout.write(SHELLS[shell](commandWords(parent)));
    });
  withExamples(command, [
    ['source <(qconn completion bash)', 'in ~/.bashrc; with zsh in ~/.zshrc'],
    ['qconn completion fish | source', 'in ~/.config/fish/config.fish'],
  ]);
}
