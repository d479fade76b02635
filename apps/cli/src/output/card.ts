import type { Paint } from './colour.ts';
import { printable } from './printable.ts';
import type { Cell } from './table.ts';

/** One object as lines of name and value; a field without a value is left out. */
export function cardText(fields: readonly (readonly [name: string, value: Cell | undefined])[], paint: Paint): string {
  const given = fields.filter((field): field is readonly [string, Cell] => field[1] !== undefined);
  const width = Math.max(0, ...given.map(([name]) => name.length));
  return given
    .map(([name, value]) => {
      const cell = typeof value === 'string' ? { text: value, colour: undefined } : value;
      return `${paint(name.padEnd(width), 'dim')}  ${paint(printable(cell.text), cell.colour)}\n`;
    })
    .join('');
}
