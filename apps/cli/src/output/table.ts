import type { Colour, Paint } from './colour.ts';
import { printable } from './printable.ts';

/** One cell: text, or text in a colour. */
export type Cell = string | { readonly text: string; readonly colour: Colour | undefined };

export interface Column {
  readonly title: string;
  /** May be cut when the terminal is too narrow. */
  readonly cut?: boolean;
}

export interface TableStyle {
  readonly paint: Paint;
  /** Characters that a line may have; left out: as many as it needs, for a pipe. */
  readonly width?: number | undefined;
}

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const GAP = '  ';
/** A cut column keeps this many characters, so that one still knows what it was. */
const CUT_MIN = 8;

/** Lines of aligned columns, each ending in a newline. */
export function tableText(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { paint, width }: TableStyle,
): string {
  const shown = rows.map((row) =>
    row.map((cell) => ({ text: printable(textOf(cell)), colour: typeof cell === 'string' ? undefined : cell.colour })),
  );
  const widths = columns.map(({ title }, index) =>
    Math.max(lengthOf(title), ...shown.map((row) => lengthOf(row[index]?.text ?? ''))),
  );
  if (width !== undefined) shrink(columns, widths, width);
  const line = (cells: readonly { text: string; colour: Colour | undefined }[]): string =>
    cells
      .map(({ text, colour }, index) => {
        const fitted = cutTo(text, widths[index] ?? 0);
        const padding = index === columns.length - 1 ? '' : ' '.repeat((widths[index] ?? 0) - lengthOf(fitted));
        return `${paint(fitted, colour)}${padding}`;
      })
      .join(GAP)
      .trimEnd();
  const head = columns.map(({ title }) => ({ text: title, colour: 'bold' as const }));
  return `${[head, ...shown].map(line).join('\n')}\n`;
}

/** Takes from the widest column that may be cut until the line fits or nothing is left to take. */
function shrink(columns: readonly Column[], widths: number[], width: number): void {
  let excess = widths.reduce((sum, one) => sum + one, GAP.length * (columns.length - 1)) - width;
  while (excess > 0) {
    let widest = -1;
    columns.forEach(({ cut }, index) => {
      if (cut === true && (widths[index] ?? 0) > CUT_MIN && (widths[index] ?? 0) > (widths[widest] ?? 0))
        widest = index;
    });
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
}

function cutTo(text: string, width: number): string {
  const characters = charactersOf(text);
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

function lengthOf(text: string): number {
  return charactersOf(text).length;
}

/** Characters as people count them. */
function charactersOf(text: string): string[] {
  return Array.from(SEGMENTER.segment(text), ({ segment }) => segment);
}
