import { readFileSync } from 'node:fs';
import * as limits from '../../packages/protocol/src/limits.ts';
import { docComments } from './doc-comments.ts';
import { code, markdownTable } from './markdown-table.ts';

/** The table of limits, in the order of packages/protocol/src/limits.ts, with the reasons that stand there. */
export function limitsSection(): string {
  const source = readFileSync(new URL('../../packages/protocol/src/limits.ts', import.meta.url), 'utf8');
  const values = new Map<string, number | string>(Object.entries(limits));
  const rows = [...docComments(source)].flatMap(([name, reason]) => {
    const value = values.get(name);
    return value === undefined ? [] : [[code(name), inWords(name, value), reason]];
  });
  if (rows.length !== values.size) throw new Error('a limit has no comment that says why it is what it is');
  return markdownTable(['limit', 'value', 'what and why'], rows);
}

const UNITS: readonly { suffix: string; steps: readonly (readonly [size: number, name: string])[] }[] = [
  {
    suffix: '_BYTES',
    steps: [
      [1024 ** 3, 'GiB'],
      [1024 ** 2, 'MiB'],
      [1024, 'KiB'],
      [1, 'bytes'],
    ],
  },
  {
    suffix: '_MS',
    steps: [
      [86_400_000, 'd'],
      [3_600_000, 'h'],
      [60_000, 'min'],
      [1000, 's'],
      [1, 'ms'],
    ],
  },
];

/** In the largest unit that shows the value exactly. */
function inWords(name: string, value: number | string): string {
  if (typeof value === 'string') return code(value);
  const steps = UNITS.find(({ suffix }) => name.endsWith(suffix))?.steps ?? [];
  const [size, unit] = steps.find(([each]) => value % each === 0) ?? [1, ''];
  return `${(value / size).toLocaleString('en')} ${unit}`.trim();
}
