import { FairQueue } from '@qconn/routing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const LIMITS = { countMax: 4, bytesMax: 100, bytesMaxInAll: 250, waitMaxMs: 20, few: 1 };

function drained(queue: FairQueue<string, string>): string[] {
  const taken: string[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item);
  return taken;
}

test('owners have their turns one after the other, each with its first', () => {
  const queue = new FairQueue<string, string>(LIMITS);
  for (const item of ['a1', 'a2', 'a3']) queue.add('a', item, 1, 0);
  for (const item of ['b1', 'b2']) queue.add('b', item, 1, 0);
  expect(queue.take()).toBe('a1');
  queue.add('c', 'c1', 1, 0);
  expect(drained(queue)).toEqual(['b1', 'a2', 'c1', 'b2', 'a3']);
});

test('it is full for who has too many things, too many bytes or too long a wait, and for nobody else', () => {
  const queue = new FairQueue<string, string>(LIMITS);
  expect(queue.isFull('huge', 1_000_000, 0)).toBe(false);
  for (const item of ['1', '2', '3', '4']) queue.add('many', item, 1, 0);
  queue.add('large', 'l', 90, 0);
  for (const item of ['x', 'y']) queue.add('late', item, 1, 0);
  queue.add('few', 'z', 1, 0);
  expect(['many', 'large', 'late', 'other'].map((owner) => queue.isFull(owner, 11, 20))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([queue.isFull('late', 1, 21), queue.isFull('few', 1, 21)]).toEqual([true, false]);
});

test('few is a share of what all have waiting, and at least one', () => {
  const queue = new FairQueue<string, string>({ ...LIMITS, few: 4 });
  for (const item of ['1', '2', '3']) queue.add('a', item, 1, 0);
  expect(queue.isFull('a', 1, 21)).toBe(false);
  queue.add('b', 'b1', 1, 0);
  expect([queue.isFull('a', 1, 21), queue.isFull('b', 1, 21)]).toEqual([true, false]);
  queue.forget('b');
  expect(queue.isFull('a', 1, 21)).toBe(false);
});

test('it is full for everybody who has something waiting once all together have too many bytes', () => {
  const queue = new FairQueue<string, string>(LIMITS);
  for (const owner of ['a', 'b', 'c']) queue.add(owner, owner, 80, 0);
  expect([queue.isFull('a', 10, 0), queue.isFull('a', 11, 0), queue.isFull('d', 11, 0)]).toEqual([false, true, false]);
  queue.take();
  queue.forget('b');
  expect(queue.isFull('c', 20, 0)).toBe(false);
});

test('what has been taken makes room', () => {
  const queue = new FairQueue<string, string>(LIMITS);
  for (const [now, item] of ['1', '2', '3', '4'].entries()) queue.add('a', item, 25, now * 10);
  expect(queue.isFull('a', 0, 30)).toBe(true);
  queue.take();
  expect([queue.isFull('a', 25, 30), queue.isFull('a', 26, 30)]).toEqual([false, true]);
});

type Step = { readonly owner: string; readonly does: 'add' | 'take' | 'forget' };

test('as a list for each owner has it: in order, nothing lost, nobody passed over', () => {
  const step = fc.record<Step>({
    owner: fc.constantFrom('a', 'b', 'c'),
    does: fc.constantFrom('add', 'add', 'add', 'take', 'take', 'forget'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new FairQueue<string, string>(LIMITS);
      const model = new Map<string, string[]>();
      const passedOver = new Map<string, number>();
      let count = 0;
      for (const { owner, does } of steps) {
        const line = model.get(owner) ?? [];
        model.set(owner, line);
        if (does === 'add') {
          count += 1;
          line.push(`${owner}${count}`);
          queue.add(owner, `${owner}${count}`, 1, 0);
        } else if (does === 'forget') {
          line.length = 0;
          queue.forget(owner);
          passedOver.set(owner, 0);
        } else {
          const taken = queue.take();
          const from = taken?.[0] ?? '';
          expect(model.get(from)?.shift()).toBe(taken);
          for (const [name, { length }] of model)
            passedOver.set(name, name === from || length === 0 ? 0 : (passedOver.get(name) ?? 0) + 1);
          expect(Math.max(0, ...passedOver.values())).toBeLessThan(3);
        }
        expect(queue.size).toBe([...model.values()].reduce((sum, { length }) => sum + length, 0));
      }
      expect(drained(queue).toSorted()).toEqual([...model.values()].flat().toSorted());
    }),
  );
});
