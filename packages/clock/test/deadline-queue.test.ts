import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeadlineQueue, type Deadline } from '@qconn/clock';

test('entries come out in the order of their deadlines, and none before its time', () => {
  const queue = new DeadlineQueue<string>();
  for (const [at, value] of [
    [30, 'c'],
    [10, 'a'],
    [20, 'b'],
  ] as const)
    queue.add(at, value);
  expect(queue.nextAt).toBe(10);
  expect(queue.popDue(9)).toBeUndefined();
  expect([queue.popDue(20)?.value, queue.popDue(20)?.value, queue.popDue(20)?.value]).toEqual(['a', 'b', undefined]);
});

test('an entry that was taken out can be scheduled again', () => {
  const queue = new DeadlineQueue<string>();
  const entry = queue.add(5, 'a');
  queue.popDue(5);
  queue.cancel(entry);
  queue.reschedule(entry, 7);
  expect(queue.size).toBe(1);
  expect(queue.popDue(7)?.value).toBe('a');
});

test('behaves like a sorted list under any sequence of adding, moving, cancelling and taking', () => {
  const step = fc.record({
    act: fc.constantFrom('add', 'move', 'cancel', 'pop'),
    at: fc.integer({ min: 0, max: 50 }),
    pick: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new DeadlineQueue<number>();
      const live: Deadline<number>[] = [];
      steps.forEach(({ act, at, pick }, value) => {
        const chosen = live[pick % Math.max(1, live.length)];
        if (act === 'add') live.push(queue.add(at, value));
        else if (act === 'move' && chosen) queue.reschedule(chosen, at);
        else if (act === 'cancel' && chosen) {
          queue.cancel(chosen);
          live.splice(live.indexOf(chosen), 1);
        } else if (act === 'pop') {
          const due = queue.popDue(at);
          const earliest = Math.min(...live.map((entry) => entry.at));
          expect(due?.at).toBe(earliest <= at ? earliest : undefined);
          if (due) live.splice(live.indexOf(due), 1);
        }
        expect(queue.size).toBe(live.length);
        expect(queue.nextAt).toBe(live.length ? Math.min(...live.map((entry) => entry.at)) : undefined);
      });
    }),
  );
});
