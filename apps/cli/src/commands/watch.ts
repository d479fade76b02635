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
 * Does something now, and again every two seconds, until Ctrl-C.
 * @throws what `look` throws: a hub that is gone ends it
 */
export async function untilInterrupted({ surroundings }: Invocation, look: () => Promise<void>): Promise<void> {
  const interruption = new AbortController();
  const letGo = surroundings.onInterrupt(() => interruption.abort());
  try {
    while (!interruption.signal.aborted) {
      await look();
      await wait(LOOK_MS, undefined, { signal: interruption.signal }).catch(() => undefined);
    }
  } finally {
    letGo();
  }
}

/**
 * Shows a list now, and again whenever it has changed. On a terminal each look takes the place of the one
 * before; elsewhere it follows it, with --json as one line.
 * @param fetch gets the list
 */
export async function watch<Item>(
  fetch: () => Promise<Page<Item>>,
  style: ListStyle<Item>,
  invocation: Invocation,
): Promise<void> {
  const { stdout } = invocation.surroundings;
  const textOf = ({ items }: Page<Item>): string => listText(items, style, invocation) || `${style.nothing}\n`;
  let last = '';
  await untilInterrupted(invocation, async () => {
    const page = await fetch();
    const state = JSON.stringify(page);
    if (stdout.isTTY === true && !invocation.json) stdout.write(`${CLEAR}${textOf(page)}`);
    else if (state !== last) stdout.write(`${invocation.json ? state : textOf(page)}\n`);
    last = state;
  });
}
