import type { Response } from '@qconn/protocol';
import { expect, test } from 'vitest';
import { AnswerMemory, type Settled } from '../../src/exchange/answer-memory.ts';

function answer(byte: number): Promise<Settled> {
  const response: Response = { headers: new Uint8Array(0), body: Uint8Array.of(byte) };
  return Promise.resolve({ response });
}

test('gives the answer of a job while it lives', () => {
  const memory = new AnswerMemory();
  const first = answer(1);
  memory.put('a', first, 0, 100);
  expect(memory.find('a', 99)).toBe(first);
  expect(memory.find('b', 0)).toBeUndefined();
});

test('forgets it when its time is over, or when told to', () => {
  const memory = new AnswerMemory();
  memory.put('a', answer(1), 0, 100);
  memory.put('b', answer(2), 0, 100);
  memory.forget('b');
  expect(memory.find('a', 100)).toBeUndefined();
  expect(memory.find('a', 0)).toBeUndefined();
  expect(memory.find('b', 0)).toBeUndefined();
});

test('a later job under the same key takes the place of the earlier', () => {
  const memory = new AnswerMemory();
  memory.put('a', answer(1), 0, 100);
  const second = answer(2);
  memory.put('a', second, 50, 100);
  expect(memory.find('a', 149)).toBe(second);
});

test('is bounded: the oldest goes first', () => {
  const memory = new AnswerMemory();
  for (let n = 0; n < 1_025; n++) memory.put(`job ${n}`, answer(0), n);
  expect(memory.find('job 0', 2_000)).toBeUndefined();
  expect(memory.find('job 1', 2_000)).toBeDefined();
  expect(memory.find('job 1024', 2_000)).toBeDefined();
});
