import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Page } from '../api/views.ts';
import type { Invocation } from '../invocation.ts';
import { type ListStyle, listText } from '../output/list.ts';

/** Between two looks, in milliseconds: soon enough for a person, and little work for the hub. */
const LOOK_MS = 2_000;

/** Top left, and everything below cleared. */
const CLEAR = '\u{1B}[H\u{1B}[2J';

export function withWatch(command: Command): Command {
  return command.option('-w, --watch', 'look again every 2 s and show what has changed, until Ctrl-C');
}

/**
 * Shows a list now, and again whenever it has changed, until Ctrl-C. On a terminal each look takes the place
 * of the one before; elsewhere it follows it, with --json as one line.
 * @param look fetches it
 * @throws what `look` throws: a hub that is gone ends the watch
 */
export async function watch<Item>(
  look: () => Promise<Page<Item>>,
  style: ListStyle<Item>,
  invocation: Invocation,
): Promise<void> {
  const { onInterrupt, stdout } = invocation.surroundings;
  const interruption = new AbortController();
  const letGo = onInterrupt(() => interruption.abort());
  const textOf = ({ items }: Page<Item>): string => listText(items, style, invocation) || `${style.nothing}\n`;
  try {
    for (let last = ''; !interruption.signal.aborted;) {
      const page = await look();
      const state = JSON.stringify(page);
      if (stdout.isTTY === true && !invocation.json) stdout.write(`${CLEAR}${textOf(page)}`);
      else if (state !== last) stdout.write(`${invocation.json ? state : textOf(page)}\n`);
      last = state;
      await wait(LOOK_MS, undefined, { signal: interruption.signal }).catch(() => undefined);
    }
  } finally {
    letGo();
  }
}
