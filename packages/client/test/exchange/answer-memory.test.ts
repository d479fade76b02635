import { expect, test } from 'vitest';
import { AnswerMemory, ANSWERS_MAX } from '../../src/exchange/answer-memory.ts';
import type { Settled } from '../../src/exchange/settled.ts';

function answer(bytes = 1): Settled {
  return { response: { headers: new Uint8Array(0), body: new Uint8Array(bytes) } };
}

test('gives the answer of a job that has ended while its key lives', () => {
  const memory = new AnswerMemory();
  memory.end('a', answer(), 0, 100);
  expect(memory.find('a', 99)).toEqual(answer());
  expect(memory.find('a', 100)).toBeUndefined();
  expect(memory.find('a', 0)).toBeUndefined();
  expect(memory.find('b', 0)).toBeUndefined();
});

test('forgets a job when told to', () => {
  const memory = new AnswerMemory();
  memory.end('b', answer(), 0);
  memory.forget('b');
  expect(memory.find('b', 0)).toBeUndefined();
});

test('a later job under the same key takes the place of the earlier', () => {
  const memory = new AnswerMemory();
  memory.end('a', answer(1), 0, 100);
  memory.end('a', answer(2), 50, 100);
  expect(memory.find('a', 149)).toEqual(answer(2));
});

test('is bounded in number: the oldest goes first', () => {
  const memory = new AnswerMemory();
  for (let n = 0; n <= ANSWERS_MAX; n++) memory.end(`job ${n}`, answer(), n);
  expect(memory.find('job 0', 0)).toBeUndefined();
  expect(memory.find('job 1', 0)).toBeDefined();
});

test('is bounded in bytes', () => {
  const memory = new AnswerMemory();
  const mebibyte = answer(1024 * 1024);
  for (let n = 0; n < 65; n++) memory.end(`job ${n}`, mebibyte, 0);
  expect([memory.find('job 0', 0), memory.find('job 1', 0) !== undefined]).toEqual([undefined, true]);
});

test('is bounded also where some were forgotten, and after it has been empty', () => {
  const memory = new AnswerMemory();
  memory.end('first', answer(), 0);
  memory.forget('first');
  const mebibyte = answer(1024 * 1024);
  for (let n = 0; n < 200; n++) {
    memory.end(`job ${n}`, mebibyte, 0);
    if (n % 3 === 0) memory.forget(`job ${n}`);
  }
  const kept = Array.from({ length: 200 }, (_, n) => n).filter((n) => memory.find(`job ${n}`, 0) !== undefined);
  expect(kept).toEqual(
    Array.from({ length: 200 }, (_, n) => n)
      .filter((n) => n % 3 !== 0)
      .slice(-64),
  );
});
