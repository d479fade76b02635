import { expect, test } from 'vitest';
import type { Kind, Line, TargetWord } from '../chaos/journal.ts';
import { judge } from '../chaos/verdict.ts';

const start = (kind: Kind): Line => ({ line: 'start', id: 'a', kind, process: 'p' });
const ran = (machine = 'm'): Line => ({ line: 'ran', id: 'a', machine });
const end = (how: string, retrySafe = false, targets?: readonly TargetWord[]): Line => ({
  line: 'end',
  id: 'a',
  how,
  retrySafe,
  attempts: 1,
  ...(targets && { targets }),
});

test.each<[what: string, lines: Line[]]>([
  ['a request that ran and completed', [start('plain'), ran(), end('completed')]],
  ['an effect that was written after its answer had come', [start('plain'), end('completed'), ran()]],
  ['one that failed for sure, and did not run', [start('plain'), end('offline', true)]],
  ['one whose result is unknown, and that ran', [start('stream'), ran(), end('target_lost')]],
  ['a key whose job stopped half way', [start('keyed'), ran(), end('result_unknown')]],
  [
    'a fan-out of which each part is true',
    [
      start('fan'),
      ran('m'),
      end('completed', false, [
        { machine: 'm', how: 'completed', retrySafe: false },
        { machine: 'n', how: 'busy', retrySafe: true },
      ]),
    ],
  ],
])('the oracle has nothing against %s', (_what, lines) => {
  expect(judge(lines, new Set()).violations).toEqual([]);
});

test.each<[what: string, lines: Line[], counted: string]>([
  ['a sender that never heard of its request again', [start('plain'), ran()], 'lost'],
  ['a result that nobody worked for', [start('plain'), end('completed')], 'lost'],
  ['a key that never came to an end', [start('keyed'), end('offline', true)], 'lost'],
  ['a job that ran twice', [start('keyed'), ran(), ran(), end('completed')], 'duplicated'],
  ['a job that ran on two machines', [start('plain'), ran('m'), ran('n'), end('completed')], 'duplicated'],
  ['a safe failure of what has run', [start('plain'), ran(), end('offline', true)], 'wrong'],
  ['an answer to somebody else', [start('stream'), ran(), end('wrong answer')], 'wrong'],
  [
    'a part of a fan-out that did not run',
    [start('fan'), end('completed', false, [{ machine: 'm', how: 'completed', retrySafe: false }])],
    'lost',
  ],
  [
    'a part of a fan-out that is called safe and ran',
    [start('fan'), ran('m'), end('completed', false, [{ machine: 'm', how: 'busy', retrySafe: true }])],
    'wrong',
  ],
  [
    'two final words of one target',
    [
      start('fan'),
      ran('m'),
      end('completed', false, [
        { machine: 'm', how: 'completed', retrySafe: false },
        { machine: 'm', how: 'target_lost', retrySafe: false },
      ]),
    ],
    'wrong',
  ],
])('the oracle finds %s', (_what, lines, counted) => {
  const { counts, violations } = judge(lines, new Set());
  expect(violations).toHaveLength(1);
  expect(counts[counted]).toBe(1);
});

test('what a killed sender had in flight is nobody’s loss, but may not run twice either', () => {
  expect(judge([start('plain'), ran()], new Set(['p']))).toMatchObject({ counts: { orphaned: 1 }, violations: [] });
  expect(judge([start('plain'), ran(), ran()], new Set(['p'])).counts['duplicated']).toBe(1);
});
