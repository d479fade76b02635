import type { Command } from 'commander';
import { parseCount } from '../input/names.ts';

/** Adds the options that choose a part of a long list. */
export function withPageOptions(command: Command): Command {
  return command
    .option('--all', 'follow the list to its end')
    .option('--limit <n>', 'items of a page, at most 1000 (the hub’s default is 100)', parseCount)
    .option('--after <cursor>', 'continue after the page whose `next` this is');
}
