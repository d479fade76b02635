import { FairQueue } from '@qconn/routing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const LIMITS = { count: 4, bytes: 100, countInAll: 7, bytesInAll: 250 };

function drained(queue: FairQueue<string, string>): string[] {
  const taken: string[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) taken.push(next.item);
  return taken;
}

test('owners have their turns one after the other, each with its first', () => {
  const queue = new FairQueue<string, string>(LIMITS);
  for (const item of ['a1', 'a2', 'a3']) queue.add('a', item, 1, 7);
  for (const item of ['b1', 'b2']) queue.add('b', item, 1, 8);
  expect(queue.take()).toEqual({ owner: 'a', item: 'a1', bytes: 1, since: 7 });
  queue.add('c', 'c1', 1, 9);
  expect([queue.owners, queue.countOf('a'), queue.countOf('d')]).toEqual([3, 2, 0]);
  expect(drained(queue)).toEqual(['b1', 'a2', 'c1', 'b2', 'a3']);
  expect([queue.owners, queue.countOf('c')]).toEqual([0, 0]);
});

test('it is full for who has too many things or too many bytes, and for nobody else', () => {
  const queue = new FairQueue<string, string>(LIMITS);
  for (const item of ['1', '2', '3', '4']) queue.add('many', item, 1, 0);
  queue.add('large', 'l', 90, 0);
  queue.add('other', 'o', 89, 0);
  const full = (): boolean[] => ['many', 'large', 'other', 'nobody'].map((owner) => queue.isFull(owner, 11));
  expect(full()).toEqual([true, true, false, false]);
  expect([queue.isFull('large', 10), queue.isFull('nobody', 1_000)]).toEqual([false, false]);
  queue.take();
  queue.take();
  expect(full()).toEqual([false, false, false, false]);
});

test('once there is as much as all may have, nobody has more than a share, and nobody is without one thing', () => {
  const queue = new FairQueue<string, string>(LIMITS);
  for (const item of ['1', '2', '3']) queue.add('a', item, 1, 0);
  for (const item of ['1', '2']) queue.add('b', item, 1, 0);
  queue.add('c', '1', 1, 0);
  const full = (): boolean[] => ['a', 'b', 'c', 'd'].map((owner) => queue.isFull(owner, 1));
  expect(full()).toEqual([false, false, false, false]);
  queue.add('c', '2', 1, 0);
  expect(full()).toEqual([true, false, false, false]);
  queue.add('d', '1', 1, 0);
  expect(full()).toEqual([true, true, true, false]);
  queue.take();
  queue.take();
  expect(full()).toEqual([false, false, false, false]);
});

test('it is full for everybody who has something waiting once all together have too many bytes', () => {
  const queue = new FairQueue<string, string>({ ...LIMITS, countInAll: 99 });
  for (const owner of ['a', 'b', 'c']) queue.add(owner, owner, 80, 0);
  expect([queue.isFull('a', 10), queue.isFull('a', 11), queue.isFull('d', 11)]).toEqual([false, true, false]);
  queue.forget('b');
  expect(queue.isFull('c', 20)).toBe(false);
});

test('whoever was charged passes up as many turns while others wait, and owes nothing once nobody does', () => {
  const queue = new FairQueue<string, string>(LIMITS);
  queue.charge('a', 9);
  for (const item of ['a1', 'a2', 'a3']) queue.add('a', item, 1, 0);
  for (const item of ['b1', 'b2', 'b3', 'b4']) queue.add('b', item, 1, 0);
  expect(queue.take()?.item).toBe('a1');
  queue.charge('a', 2);
  expect(drained(queue)).toEqual(['b1', 'b2', 'b3', 'a2', 'b4', 'a3']);
  expect(queue.owners).toBe(0);
});

test('a charge outlives the line that it was made to', () => {
  const queue = new FairQueue<string, string>(LIMITS);
  queue.add('a', 'a1', 1, 0);
  for (const item of ['b1', 'b2', 'b3', 'b4']) queue.add('b', item, 1, 0);
  expect(queue.take()?.item).toBe('a1');
  queue.charge('a', 2);
  expect([queue.countOf('a'), queue.owners, queue.isFull('a', 1_000)]).toEqual([0, 2, false]);
  queue.add('a', 'a2', 1, 0);
  expect(drained(queue)).toEqual(['b1', 'b2', 'b3', 'a2', 'b4']);
});

test('one thing is taken out of its owner’s line, wherever it stands', () => {
  const queue = new FairQueue<string, string>(LIMITS);
  for (const item of ['a1', 'a2', 'a3']) queue.add('a', item, 10, 0);
  queue.add('b', 'b1', 10, 0);
  expect([queue.remove('a', (item) => item === 'a2'), queue.remove('a', (item) => item === 'b1')]).toEqual([
    true,
    false,
  ]);
  expect([queue.remove('b', () => true), queue.remove('b', () => true)]).toEqual([true, false]);
  expect([queue.size, queue.owners, drained(queue)]).toEqual([2, 1, ['a1', 'a3']]);
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
          const taken = queue.take()?.item;
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
