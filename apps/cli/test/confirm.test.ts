import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { askSecret, confirm } from '../src/input/confirm.ts';
import type { Surroundings } from '../src/surroundings.ts';

/** A terminal that notes what happens to it, in order. */
function terminal(typed: string): { surroundings: Surroundings; happened: string[] } {
  const happened: string[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (on: boolean) => happened.push(on ? 'echo off' : 'echo on'),
  });
  const write = (chunk: string | Uint8Array): void => {
    happened.push(String(chunk));
    // A fast typist: the answer comes with the question.
    if (String(chunk).includes('?') && typed !== '') stdin.write(typed);
  };
  const screen = { write, isTTY: true };
  const surroundings = { stdout: screen, stderr: screen, stdin, env: {}, now: Date.now, onInterrupt: () => () => {} };
  return { surroundings, happened };
}

test.each([
  ['y\r', true],
  ['Yes\r', true],
  ['n\r', false],
  ['\r', false],
  ['yesterday\r', false],
  ['\u{3}', false],
  ['\u{4}', false],
])('typing %j answers %s', async (typed, answer) => {
  expect(await confirm('Sure?', terminal(typed).surroundings)).toBe(answer);
});

test('a secret is not shown: the echo is off before the question stands there', async () => {
  const { surroundings, happened } = terminal('qk_typed\r');
  expect(await askSecret('secret? ', surroundings)).toBe('qk_typed');
  expect(happened).toEqual(['echo off', 'secret? ', 'echo on', '\n']);
});
