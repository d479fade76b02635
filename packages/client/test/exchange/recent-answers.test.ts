import { expect, test } from 'vitest';
import { ANSWERS_MAX } from '../../src/exchange/answer-memory.ts';
import type { Settled } from '../../src/exchange/settled.ts';
import { RecentAnswers } from '../../src/exchange/recent-answers.ts';

function answer(bytes = 1, first = 0): Settled {
  const body = new Uint8Array(bytes);
  body[0] = first;
  return { response: { headers: new Uint8Array(0), body, streamed: undefined } };
}

test('gives the answer of an exchange for two minutes', () => {
  const recent = new RecentAnswers();
  const settled = answer();
  recent.add('run 1', 7, settled, 1_000);
  expect(recent.find('run 1', 7, 120_999)).toEqual(settled);
  expect(recent.find('run 1', 7, 121_000)).toBeUndefined();
});

test('tells exchanges apart by their number and by the run of their hub', () => {
  const recent = new RecentAnswers();
  const answers = [answer(1, 1), answer(1, 2), answer(1, 3)] as const;
  recent.add('run 1', 7, answers[0], 0);
  recent.add('run 1', 8, answers[1], 0);
  recent.add('run 2', 7, answers[2], 0);
  expect([recent.find('run 1', 7, 0), recent.find('run 1', 8, 0), recent.find('run 2', 7, 0)]).toEqual(answers);
  expect(recent.find('run 2', 8, 0)).toBeUndefined();
});

test('remembers a failure, and that a streamed answer is gone, in the words in which they were given', () => {
  const recent = new RecentAnswers();
  const failures: Settled[] = [
    { outcome: { code: 'handler_failed', reason: 'no paper', retryAfterMs: 0 } },
    { outcome: { code: 'busy', reason: '', retryAfterMs: 250 } },
    { outcome: { code: 'answer_gone', reason: '', retryAfterMs: 0 } },
  ];
  for (const [id, failure] of failures.entries()) recent.add('run 1', id + 1, failure, 0);
  expect(failures.map((_, index) => recent.find('run 1', index + 1, 0))).toEqual(failures);
});

test('keeps what was said when it was said, whatever the handler does to its bytes afterwards', () => {
  const recent = new RecentAnswers();
  const body = Uint8Array.of(1);
  recent.add('run 1', 1, { response: { headers: new Uint8Array(0), body } }, 0);
  body[0] = 2;
  expect(recent.find('run 1', 1, 0)).toEqual(answer(1, 1));
});

test('is bounded in number, the oldest go first', () => {
  const recent = new RecentAnswers();
  for (let id = 1; id <= 3 * ANSWERS_MAX; id++) recent.add('run 1', id, answer(), 0);
  expect(recent.find('run 1', 1, 0)).toBeUndefined();
  // As many as that are kept, and at most two pages more.
  expect(recent.find('run 1', 2 * ANSWERS_MAX + 1, 0)).toBeDefined();
  expect(recent.find('run 1', 3 * ANSWERS_MAX, 0)).toBeDefined();
  expect(recent.size).toBeLessThan(2 * ANSWERS_MAX);
});

test('is bounded in bytes', () => {
  const recent = new RecentAnswers();
  const longest = answer(64 * 1024);
  for (let id = 1; id <= 2_000; id++) recent.add('run 1', id, longest, 0);
  expect([recent.find('run 1', 1, 0), recent.find('run 1', 2_000, 0) !== undefined]).toEqual([undefined, true]);
  expect(recent.bytes).toBeLessThanOrEqual(64 * 1024 * 1024);
});

test('gives back the memory of what is too old to be asked for', () => {
  const recent = new RecentAnswers();
  for (let id = 1; id <= 100; id++) recent.add('run 1', id, answer(64 * 1024), 0);
  for (let id = 101; id <= 104; id++) recent.add('run 1', id, answer(64 * 1024), 120_000);
  expect(recent.bytes).toBeLessThanOrEqual(1024 * 1024);
});

test('answers of two runs of a hub may come by turns', () => {
  const recent = new RecentAnswers();
  for (let id = 1; id <= 1_000; id++) for (const run of ['run 1', 'run 2']) recent.add(run, id, answer(1, id % 100), 0);
  for (const run of ['run 1', 'run 2'])
    for (const id of [1, 500, 1_000]) expect(recent.find(run, id, 0)).toEqual(answer(1, id % 100));
  expect(recent.bytes).toBeLessThanOrEqual(1024 * 1024);
});
