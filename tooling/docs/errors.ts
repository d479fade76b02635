import { ERROR_TABLE, type ErrorRow } from '../../packages/protocol/src/index.ts';
import { code, hexByte, markdownTable } from './markdown-table.ts';

/** First number of each range and its title; packages/protocol/src/error-table.ts says the same in its comment. */
const RANGES: readonly (readonly [from: number, title: string])[] = [
  [0x01, 'Outcomes of exchanges'],
  [0x40, 'Sessions and connections'],
  [0x60, 'The wire'],
  [0x80, 'Enrolment and identity'],
  [0xa0, 'Administration'],
  [0xc0, 'Configuration and hosts'],
  [0xe0, 'Transport'],
];

const HEAD = `# Errors

<!-- Generated from packages/protocol/src/error-table.ts by \`npx -y pnpm@12 generate:docs\`; edit the table. -->

Every error that qconn reports has one of these codes. A code and its number are stable: neither is ever
given to anything else. The number stands on the wire and in the code of a closed connection; the HTTP status is what
the hub's API answers with. *Retry* says whether the same request may be sent again without an idempotency key
and without the risk that the work happens twice.
`;

/** docs/errors.md, whole. */
export function errorsDocument(): string {
  const sections = RANGES.map(([from, title], index) => {
    const below = RANGES[index + 1]?.[0] ?? 0x100;
    return `## ${title}\n\n${errorTable((row) => row.wire >= from && row.wire < below)}\n`;
  });
  return [HEAD, ...sections].join('\n');
}

function errorTable(belongs: (row: ErrorRow) => boolean): string {
  const rows = Object.entries(ERROR_TABLE)
    .filter(([, row]) => belongs(row))
    .toSorted(([, a], [, b]) => a.wire - b.wire)
    .map(([name, row]) => [
      code(name),
      hexByte(row.wire),
      String(row.http),
      row.retrySafe ? 'safe' : 'not safe',
      row.summary,
      row.action,
    ]);
  return markdownTable(['code', 'number', 'HTTP', 'retry', 'what happened', 'what to do'], rows);
}
