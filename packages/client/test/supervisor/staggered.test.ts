import { ManualClock } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';
import { beforeEach, expect, test } from 'vitest';
import { firstToAnswer } from '../../src/supervisor/staggered.ts';

interface Try {
  readonly place: string;
  readonly signal: AbortSignal;
  readonly answer: (result: string) => void;
  readonly refuse: (error: unknown) => void;
}

let clock: ManualClock;
let tries: Try[];
let discarded: string[];
let owner: AbortController;
beforeEach(() => {
  clock = new ManualClock();
  tries = [];
  discarded = [];
  owner = new AbortController();
});

async function* iterate(names: readonly string[]): AsyncGenerator<string, undefined> {
  yield* names;
  return undefined;
}

function race(...names: string[]): Promise<string> {
  return firstToAnswer(iterate(names), {
    clock,
    staggerMs: 250,
    signal: owner.signal,
    attempt: (place, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      tries.push({ place, signal, answer: resolve, refuse: reject });
      signal.addEventListener('abort', () => reject(new QconnError('closed')), { once: true });
      return promise;
    },
    discard: (result) => discarded.push(result),
  });
}

/** Lets what is due in this turn of the event loop happen. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function tried(): string[] {
  return tries.map(({ place }) => place);
}

test('one that answers at once is the only one that is tried', async () => {
  const winner = race('a', 'b');
  await turn();
  tries[0]?.answer('A');
  expect(await winner).toBe('A');
  clock.advance(1_000);
  await turn();
  expect(tried()).toEqual(['a']);
  expect(clock.pendingTimers).toBe(0);
});

test('a silent one is left behind after a quarter of a second, and called off when another has answered', async () => {
  const winner = race('a', 'b', 'c');
  await turn();
  clock.advance(249);
  await turn();
  expect(tried()).toEqual(['a']);
  clock.advance(1);
  await turn();
  expect(tried()).toEqual(['a', 'b']);
  tries[1]?.answer('B');
  expect(await winner).toBe('B');
  expect(tries[0]?.signal.aborted).toBe(true);
});

test('one that fails makes room for the next at once', async () => {
  const winner = race('a', 'b');
  await turn();
  tries[0]?.refuse(new QconnError('unreachable'));
  await turn();
  expect(tried()).toEqual(['a', 'b']);
  tries[1]?.answer('B');
  expect(await winner).toBe('B');
});

test('one that was silent may still win, and what the other one brings is thrown away', async () => {
  const winner = race('a', 'b');
  await turn();
  clock.advance(250);
  await turn();
  tries[0]?.answer('A');
  tries[1]?.answer('B');
  expect(await winner).toBe('A');
  await turn();
  expect(discarded).toEqual(['B']);
});

test('when all fail, what only a person can mend counts more than the last failure', async () => {
  const winner = race('a', 'b');
  await turn();
  tries[0]?.refuse(new QconnError('revoked'));
  await turn();
  tries[1]?.refuse(new QconnError('unreachable'));
  await expect(winner).rejects.toMatchObject({ code: 'revoked' });
  expect(clock.pendingTimers).toBe(0);
});

test('nowhere to go is a failure, and so is an owner who gives up', async () => {
  await expect(race()).rejects.toMatchObject({ code: 'unreachable' });
  const winner = race('a', 'b');
  await turn();
  owner.abort();
  await expect(winner).rejects.toMatchObject({ code: 'closed' });
  await turn();
  expect(tried()).toEqual(['a']);
});
