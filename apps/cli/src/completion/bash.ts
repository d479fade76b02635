import type { CommandWords } from './command-words.ts';

/** A completion script for bash; zsh runs it too. Words only: it asks nothing of a hub. */
export function bashCompletion(words: readonly CommandWords[]): string {
  const steps = words
    .filter(({ path }) => path !== '')
    .map(({ path }) => `'${path.includes(' ') ? path : ` ${path}`}'`);
  const answers = words.map(({ path, commands, options }) => {
    const all = [...commands, ...options.map(({ long }) => long)].join(' ');
    return `    '${path}') COMPREPLY=($(compgen -W '${all}' -- "$current")) ;;`;
  });
  return `_qconn() {
  local word path='' current="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
      ${steps.join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${answers.join('\n')}
  esac
}
complete -o default -F _qconn qconn
`;
}

/** The same for zsh, through its own emulation. */
export function zshCompletion(words: readonly CommandWords[]): string {
  return `autoload -U +X bashcompinit && bashcompinit\n${bashCompletion(words)}`;
}
