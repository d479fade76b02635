import type { Command } from 'commander';
import type { Page } from '../api/views.ts';
import { parseCount } from '../input/names.ts';
import type { Invocation } from '../invocation.ts';

/** Adds the options that choose a part of a long list. */
export function withPageOptions(command: Command): Command {
  return command
    .option('--all', 'follow the list to its end')
    .option('--limit <n>', 'items of a page, at most 1000 (the hub’s default is 100)', parseCount)
    .option('--after <cursor>', 'continue after the page whose `next` this is');
}

/** Says that there is more, or that there is nothing. */
export function notePage(page: Page<unknown>, invocation: Invocation, nothing: string): void {
  if (invocation.json) return;
  if (page.items.length === 0) invocation.note(nothing);
  if (page.next !== undefined) invocation.note(`There are more: add --all, or --after ${page.next}`);
}
