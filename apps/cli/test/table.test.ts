import { expect, test } from 'vitest';
import { paintFor } from '../src/output/colour.ts';
import { tableText } from '../src/output/table.ts';

const plain = (text: string): string => text;
const COLUMNS = [{ title: 'CODE' }, { title: 'HOSTNAME', cut: true }, { title: 'ROLES', cut: true }];
const ROWS = [
  ['K7QM-2XPD', 'a-printer-with-a-rather-long-name', 'printer, scale'],
  ['AAAA-BBBB', 'lims', '–'],
];

test('columns stand under their titles, without spaces at the ends of lines', () => {
  expect(
    tableText(
      [{ title: 'A' }, { title: 'B' }],
      [
        ['xyz', '1'],
        ['x', ''],
      ],
      { paint: plain },
    ),
  ).toBe('A    B\nxyz  1\nx\n');
});

test('a pipe gets everything', () => {
  expect(tableText(COLUMNS, ROWS, { paint: plain })).toContain('a-printer-with-a-rather-long-name  printer, scale');
});

test('a terminal gets lines that fit, cut where cutting was allowed', () => {
  const text = tableText(COLUMNS, ROWS, { paint: plain, width: 40 });
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(40);
  expect(text).toContain('K7QM-2XPD  a-printer');
  expect(text).toContain('…');
});

test('what machines say of themselves cannot steer the terminal', () => {
  const text = tableText([{ title: 'OS' }], [['Linux\u{1B}[2J\nroot'], ['\u{202E}live']], { paint: plain });
  expect(text).toBe('OS\nLinux\u{FFFD}[2J\u{FFFD}root\n\u{FFFD}live\n');
});

test('colours only on a terminal, and never with NO_COLOR', () => {
  const terminal = { write: () => true, isTTY: true };
  expect(paintFor(terminal, {})('x', 'red')).toBe('\u{1B}[31mx\u{1B}[0m');
  expect(paintFor(terminal, { NO_COLOR: '1' })('x', 'red')).toBe('x');
  expect(paintFor(terminal, { TERM: 'dumb' })('x', 'red')).toBe('x');
  expect(paintFor({ write: () => true }, {})('x', 'red')).toBe('x');
});
