import { expect, test } from 'vitest';

import type { Opened } from '../both-databases.ts';
import { admin, authorized, NOW, unique } from '../fixtures.ts';

export function auditSuite(opened: () => Opened): void {
  test('an act says who, what, before and after', async () => {
    const { store } = opened();
    await store.roles.put({ name: 'audited', grants: [], ...admin });
    const fingerprint = await authorized(store, 'audited', ['audited']);
    await store.machines.revoke({ fingerprint, reason: 'stolen', actor: 'key:operator', now: NOW + 5 });

    const { items } = await store.audit.list({ subject: fingerprint });

    expect(items.map(({ act }) => act)).toEqual(['machine.revoke', 'machine.approve', 'machine.enrol']);
    expect(items[0]).toMatchObject({
      actor: 'key:operator',
      at: NOW + 5,
      before: { status: 'authorized', hostname: 'audited', roles: ['audited'], labels: {} },
      after: { status: 'revoked', reason: 'stolen' },
    });
    expect(items[2]).toMatchObject({ before: null, after: { status: 'pending', tokenUsed: true } });
  });

  test('lists are filtered and come in pages in either order', async () => {
    const { store } = opened();
    const subject = `thing-${unique()}`;
    for (let at = 1; at <= 5; at++)
      await store.audit.note({
        act: 'test.note',
        subject,
        actor: at % 2 === 0 ? 'even' : 'odd',
        now: at,
        after: { at },
      });
    const first = await store.audit.list({ subject, limit: 2, order: 'oldest' });
    const second = await store.audit.list({ subject, limit: 2, order: 'oldest', cursor: first.next });
    const third = await store.audit.list({ subject, limit: 2, order: 'oldest', cursor: second.next });
    expect([first, second, third].map(({ items }) => items.map(({ at }) => at))).toEqual([[1, 2], [3, 4], [5]]);
    expect(third.next).toBeUndefined();
    expect((await store.audit.list({ subject, actor: 'odd', since: 2 })).items.map(({ at }) => at)).toEqual([5, 3]);
    expect((await store.audit.list({ act: 'test.note', subject, limit: 1 })).items[0]).toMatchObject({ at: 5 });
    const known = first.items[1]!.id;
    expect((await store.audit.list({ subject, after: known, order: 'oldest' })).items.map(({ at }) => at)).toEqual([
      3, 4, 5,
    ]);
    await expect(store.audit.list({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(store.audit.list({ limit: 0 })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('the chain is whole after acts at once', async () => {
    const { store } = opened();
    const values = { nested: { z: 1, a: [true, null, 'ø\u2028', 1.5e300, -0] }, empty: {}, absent: undefined };
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        store.audit.note({
          act: 'test.burst',
          subject: 'burst',
          actor: 'test',
          now: at,
          before: values,
          after: [values],
        }),
      ),
    );
    const verdict = await store.audit.verify();
    expect(verdict).toMatchObject({ intact: true, brokenAt: undefined });
    expect(verdict.head).toBe((await store.audit.list({ limit: 1 })).items[0]?.hash);
  });

  test('a row that is edited, moved, removed or cut off is found, and so is a head that was set back', async () => {
    const { store, run } = opened();
    for (let at = 0; at < 5; at++)
      await store.audit.note({ act: 'test', subject: 'tamper', actor: 'test', now: at, after: { at } });
    const { rows } = await store.audit.verify();
    const tampering: ReadonlyArray<readonly [string, number]> = [
      [`UPDATE audit SET after = '{"at": 99}' WHERE id = ${rows - 2}`, rows - 2],
      [`UPDATE audit SET actor = 'somebody else' WHERE id = ${rows - 2}`, rows - 2],
      [`UPDATE audit SET at = at + 1 WHERE id = ${rows - 2}`, rows - 2],
      [`UPDATE audit SET hash = prev_hash WHERE id = ${rows - 2}`, rows - 2],
      [`UPDATE audit SET id = ${rows + 1} WHERE id = ${rows - 3}`, rows - 3],
      [`DELETE FROM audit WHERE id = ${rows - 1}`, rows - 1],
      [`DELETE FROM audit WHERE id = ${rows}`, rows],
      [`UPDATE audit_head SET hash = decode(repeat('ab', 32), 'hex')`, rows + 1],
    ];
    for (const [statement, brokenAt] of tampering) {
      await run('CREATE TABLE kept AS SELECT * FROM audit');
      await run('CREATE TABLE kept_head AS SELECT * FROM audit_head');
      await run(statement);
      expect(await store.audit.verify(), statement).toMatchObject({ intact: false, brokenAt, rows: brokenAt - 1 });
      await run('DELETE FROM audit');
      await run('INSERT INTO audit SELECT * FROM kept');
      await run('DELETE FROM audit_head');
      await run('INSERT INTO audit_head SELECT * FROM kept_head');
      await run('DROP TABLE kept');
      await run('DROP TABLE kept_head');
      expect(await store.audit.verify()).toMatchObject({ intact: true });
    }
  });
}
