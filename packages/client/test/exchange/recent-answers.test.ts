import { expect, test } from 'vitest';
import { ANSWERS_MAX, type Settled } from '../../src/exchange/answer-memory.ts';
import { RecentAnswers } from '../../src/exchange/recent-answers.ts';

function answer(bytes = 1): Settled {
  return { response: { headers: new Uint8Array(0), body: new Uint8Array(bytes) } };
}

test('gives the answer of an exchange for two minutes', () => {
  const recent = new RecentAnswers();
  const settled = answer();
  recent.add('run 1', 7, settled, 1_000);
  expect(recent.find('run 1', 7, 120_999)).toBe(settled);
  expect(recent.find('run 1', 7, 121_000)).toBeUndefined();
});

test('tells exchanges apart by their number and by the run of their hub', () => {
  const recent = new RecentAnswers();
  const answers = [answer(), answer(), answer()] as const;
  recent.add('run 1', 7, answers[0], 0);
  recent.add('run 1', 8, answers[1], 0);
  recent.add('run 2', 7, answers[2], 0);
  expect([recent.find('run 1', 7, 0), recent.find('run 1', 8, 0), recent.find('run 2', 7, 0)]).toEqual(answers);
  expect(recent.find('run 2', 8, 0)).toBeUndefined();
});

test('is bounded in number, the oldest goes first', () => {
  const recent = new RecentAnswers();
  for (let id = 0; id <= ANSWERS_MAX; id++) recent.add('run 1', id, answer(), 0);
  expect(recent.find('run 1', 0, 0)).toBeUndefined();
  expect(recent.find('run 1', 1, 0)).toBeDefined();
  expect(recent.find('run 1', ANSWERS_MAX, 0)).toBeDefined();
});

test('is bounded in bytes', () => {
  const recent = new RecentAnswers();
  const mebibyte = answer(1024 * 1024);
  for (let id = 0; id < 65; id++) recent.add('run 1', id, mebibyte, 0);
  expect([recent.find('run 1', 0, 0), recent.find('run 1', 1, 0) !== undefined]).toEqual([undefined, true]);
});
