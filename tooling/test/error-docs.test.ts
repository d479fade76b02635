import { describe, expect, test } from 'vitest';
import { ERROR_TABLE } from '../../packages/protocol/src/index.ts';
import { currentText, DOCUMENTS } from '../docs/documents.ts';
import { errorsDocument } from '../docs/errors.ts';
import { withSections } from '../docs/sections.ts';

describe('generated documents', () => {
  test.each(DOCUMENTS)('$name says what the code says (else: npx -y pnpm@12 generate:docs)', ({ file, text }) => {
    expect(currentText(file)).toBe(text());
  });

  test('docs/errors.md has every row of the error table, whole', () => {
    const rows = errorsDocument()
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const expected = Object.entries(ERROR_TABLE).map(([name, row]) =>
      [
        `\`${name}\``,
        `\`0x${row.wire.toString(16).padStart(2, '0')}\``,
        String(row.http),
        row.retrySafe ? 'safe' : 'not safe',
        row.summary,
        row.action,
      ].join(' | '),
    );
    expect(new Set(rows)).toEqual(new Set(expected.map((row) => `| ${row} |`)));
  });

  test('no number of the error table is given twice, and each fits into a byte', () => {
    const numbers = Object.values(ERROR_TABLE).map((row) => row.wire);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.every((number) => number > 0 && number <= 0xff)).toBe(true);
  });
});

describe('generated sections', () => {
  const marked = (name: string): string =>
    `before\n<!-- generated:${name} -->\nwhat stood here\n<!-- /generated -->\nafter\n`;

  test.each(['limits', 'frames', 'exchange'])(
    '%s replaces what stands between its markers, and nothing else',
    (name) => {
      const once = withSections(marked(name));
      expect(once).toMatch(/^before\n<!-- generated:\w+ -->\n\n[\s\S]*\|[\s\S]*\n\n<!-- \/generated -->\nafter\n$/);
      expect(once).not.toContain('what stood here');
      expect(withSections(once)).toBe(once);
    },
  );

  test('a limit is shown with its unit and its reason', () => {
    expect(withSections(marked('limits'))).toMatch(/\| `IDLE_TIMEOUT_MS` \| 30 s \| .*RFC 9000.* \|/);
  });

  test('an unknown section is an error', () => {
    expect(() => withSections(marked('nonsense'))).toThrow('nonsense');
  });
});
