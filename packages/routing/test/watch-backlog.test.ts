import { WatchBacklog } from '@qconn/routing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test('begins with a snapshot, which shows what happened before it was taken', () => {
  const backlog = new WatchBacklog<string>();
  backlog.push('before');
  expect(backlog.take()).toEqual({ kind: 'snapshot', version: 1, cause: 'begun' });
  expect(backlog.take()).toBeUndefined();
  backlog.push('a');
  backlog.push('b');
  expect(backlog.take()).toEqual({ kind: 'changes', version: 2, changes: ['a', 'b'] });
  backlog.push('c');
  expect(backlog.take()).toEqual({ kind: 'changes', version: 4, changes: ['c'] });
  expect(backlog.isEmpty).toBe(true);
});

test('a watcher that falls behind gets a snapshot in place of what it missed', () => {
  const backlog = new WatchBacklog<number>({ max: 3 });
  backlog.take();
  for (let n = 1; n <= 5; n++) backlog.push(n);
  expect(backlog.take()).toEqual({ kind: 'snapshot', version: 5, cause: 'behind' });
  backlog.push(6);
  expect(backlog.take()).toEqual({ kind: 'changes', version: 6, changes: [6] });
});

test('whoever follows the batches knows what is there, whatever it missed', () => {
  const step = fc.oneof(fc.record({ device: fc.nat(4), there: fc.boolean() }), fc.constant('take' as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const backlog = new WatchBacklog<{ device: number; there: boolean }>({ max: 4 });
      const real = new Set<number>();
      const followed = new Set<number>();
      let version = 0;
      const take = (): void => {
        const batch = backlog.take();
        if (batch === undefined) return;
        if (batch.kind === 'snapshot') {
          followed.clear();
          for (const device of real) followed.add(device);
          version = batch.version;
          return;
        }
        expect(batch.version).toBe(version + 1);
        version += batch.changes.length;
        for (const { device, there } of batch.changes) followed[there ? 'add' : 'delete'](device);
      };
      for (const each of [...steps, 'take' as const]) {
        if (each === 'take') {
          take();
          expect(followed).toEqual(real);
        } else {
          real[each.there ? 'add' : 'delete'](each.device);
          backlog.push(each);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});
