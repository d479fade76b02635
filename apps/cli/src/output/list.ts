import type { Page } from '../api/views.ts';
import type { Invocation } from '../invocation.ts';
import type { Cell, Column } from './table.ts';

/** How people see a list. */
export interface ListStyle<Item> {
  readonly columns: readonly Column[];
  /** The lines of an item, mostly one. */
  readonly rows: (item: Item) => readonly (readonly Cell[])[];
  /** What is said when there is nothing. */
  readonly nothing: string;
}

/** Prints a page: JSON as it is; for people a table, that more follow, or that there is nothing. */
export function showList<Item>(page: Page<Item>, style: ListStyle<Item>, invocation: Invocation): void {
  invocation.show(page, () => listText(page.items, style, invocation));
  if (invocation.json) return;
  if (page.items.length === 0) invocation.note(style.nothing);
  if (page.next !== undefined) invocation.note(`There are more: add --all, or --after ${page.next}`);
}

/** The table; nothing for an empty list. */
export function listText<Item>(
  items: readonly Item[],
  { columns, rows }: ListStyle<Item>,
  invocation: Invocation,
): string {
  return items.length > 0 ? invocation.table(columns, items.flatMap(rows)) : '';
}
