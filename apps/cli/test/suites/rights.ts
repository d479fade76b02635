import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AuditRow, Role } from '../../src/api/views.ts';
import type { Admin } from './admin.ts';

export function rightsSuite(admin: () => Admin): void {
  describe('roles', () => {
    test('a role is made, shown, and made again from what is shown', async () => {
      const made = await admin().ok(
        'role',
        'put',
        'site',
        '--allow',
        'submit:print,scale.*',
        '--towards',
        'label:site=oslo',
        '--deny',
        'submit:print.secret',
      );
      expect(made).toContain('  + allow submit print, scale.* towards site=oslo\n');
      const shown = await admin().ok('role', 'show', 'site');
      const line = shown.split('\n').find((text) => text.startsWith('qconn role put')) ?? '';
      const argv = line.replaceAll("'", '').split(' ').slice(1);
      expect(await admin().ok(...argv)).toBe('The role site grants that already.\n');
      expect(await admin().ok('roles')).toMatch(
        /^site +allow submit print, scale\.\* towards site=oslo +\S.*\n +deny submit print\.secret$/m,
      );
    });

    test('replacing a role shows the difference and asks', async () => {
      await admin().ok('role', 'put', 'edited', '--allow', 'submit:print');
      const asked = await admin().run(['role', 'put', 'edited', '--allow', 'submit:scale']);
      expect(asked).toMatchObject({
        code: 2,
        err: expect.stringContaining('  - allow submit print\n  + allow submit scale\n'),
      });
      await admin().ok('role', 'put', 'edited', '--allow', 'submit:scale', '--yes');
      expect((await admin().json<Role>('role', 'show', 'edited')).generation).toBe(2);
    });

    test('an edit through a file is refused when somebody else has edited in between', async () => {
      await admin().ok('role', 'put', 'filed', '--allow', 'submit:print');
      const file = join(admin().configFolder, 'filed.json');
      await writeFile(file, (await admin().ok('role', 'show', 'filed', '--json')).replace('"print"', '"scale"'));
      await admin().ok('role', 'put', 'filed', '--allow', 'query:print', '--yes');
      expect((await admin().run(['role', 'put', 'filed', '--file', file, '--yes'])).err).toContain(
        'code: edit_conflict',
      );
      await writeFile(file, 'grants:\n  - effect: allow\n    verb: submit\n    serviceTypes: [scale]\n');
      await admin().ok('role', 'put', 'filed', '--file', file, '--yes');
      expect((await admin().json<Role>('role', 'show', 'filed')).grants).toEqual([
        { effect: 'allow', verb: 'submit', serviceTypes: ['scale'] },
      ]);
    });

    test('mistakes in a file are all named, with line and column', async () => {
      const file = join(admin().configFolder, 'bad.yaml');
      await writeFile(file, 'grants:\n  - effect: maybe\n    verb: submit\n    serviceType: [scale]\n');
      const { code, err } = await admin().run(['role', 'put', 'bad', '--file', file]);
      expect(code).toBe(2);
      expect(err).toContain(`${file}:2:`);
      expect(err).toContain('serviceType');
      expect(
        (await admin().run(['role', 'put', 'bad', '--file', join(admin().configFolder, 'none.yaml')])).err,
      ).toContain('does not exist');
    });

    test('a pattern that the hub does not take', async () => {
      expect((await admin().run(['role', 'put', 'bad', '--allow', 'submit:print.*.x'])).err).toContain(
        'is not a pattern',
      );
    });

    test('deleting: refused while in use', async () => {
      await admin().ok('role', 'put', 'used', '--allow', 'provide:x');
      await admin().machine('user-of-role', 'used');
      expect((await admin().run(['role', 'delete', 'used', '--yes'])).err).toContain('code: role_in_use');
      await admin().ok('rights', 'user-of-role', '--roles', 'none');
      await admin().ok('role', 'delete', 'used', '--yes');
      expect((await admin().run(['role', 'show', 'used'])).err).toContain('code: unknown_role');
    });

    test('explain answers with the rule, and with its exit code', async () => {
      await admin().machine('asker', 'lims');
      await admin().machine('answerer', 'printer');
      const yes = await admin().run(['explain', 'asker', 'submit', 'print', '--to', 'answerer']);
      expect(yes).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^allowed\n {2}yes {2}asker submit print towards answerer\n/),
      });
      const no = await admin().run(['explain', 'asker', 'submit', 'scale.read']);
      expect(no).toMatchObject({ code: 5, out: expect.stringContaining('has no role that lets it submit scale.read') });
    });
  });

  test('audit --follow tells each act once, as it comes', async () => {
    await admin().ok('role', 'put', 'followed', '--allow', 'submit:a');
    let interrupt = (): void => undefined;
    let acted: Promise<string> | undefined;
    const watchOut = (out: string): void => {
      if (out.split('\n').length === 2) acted ??= admin().ok('role', 'put', 'followed', '--empty', '--yes');
      if (out.split('\n').length === 3) interrupt();
    };
    const argv = ['audit', '--follow', '--subject', 'followed', '--json'];
    const { code, out } = await admin().run(argv, { watchOut, interruptible: (stop) => (interrupt = stop) });
    await acted;
    const rows = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditRow);
    expect(code).toBe(0);
    expect(rows.map(({ act, after }) => [act, after])).toEqual([
      ['role.put', [{ effect: 'allow', verb: 'submit', serviceTypes: ['a'] }]],
      ['role.put', []],
    ]);
  });

  test('audit export gives every row with its hashes, and verify finds them whole', async () => {
    const rows = (await admin().ok('audit', 'export'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditRow);
    expect(rows.map(({ id }) => id)).toEqual(rows.map((_, at) => at + 1));
    for (const [at, { prevHash }] of rows.entries()) if (at > 0) expect(prevHash).toBe(rows[at - 1]?.hash);
    // A row of the hub's own may come at any time.
    const later = await admin().ok('audit', 'export', '--after-row', String(rows.length));
    for (const line of later.split('\n').filter(Boolean))
      expect((JSON.parse(line) as AuditRow).id).toBeGreaterThan(rows.length);
    expect(await admin().ok('audit', 'verify')).toMatch(/^intact: \d+ rows, the last with the hash [0-9a-f]{64}$/m);
  });

  test('config shows what is in force, and a reload says what has changed', async () => {
    expect(await admin().ok('config', 'show')).toMatch(/^drainMs +\d+ +yes$/m);
    expect(await admin().ok('config', 'reload')).toBe('Nothing that a reload puts in force has changed.\n');
  });

  describe('tokens and keys', () => {
    test('a token for a pattern of hostnames lets in whom it names, and leaves the others to a person', async () => {
      const options = ['--hostname', 'kiosk-*', '--uses', '2', '--roles', 'printer', '--auto-approve'];
      const token = (await admin().ok('token', 'create', ...options)).trim();
      const enrolled = async (hostname: string): Promise<unknown> => {
        const folder = await mkdtemp(join(admin().hub.folder, 'machine-'));
        const argv = ['enroll', admin().hub.url, '--token', token, '--hostname', hostname, '--credentials', folder];
        const told = JSON.parse(await admin().ok(...argv, '--json')) as unknown;
        expect(await admin().ok(...argv, '--force')).toMatch(/^not approved +The token is for|^status +authorized$/m);
        return told;
      };
      expect(await enrolled('kiosk-7')).toMatchObject({ status: 'authorized' });
      expect(await enrolled('laptop')).toMatchObject({
        status: 'pending',
        notApproved: 'The token is for hostnames like kiosk-*.',
      });
      expect(await admin().json('machine', 'kiosk-7')).toMatchObject({ hostname: 'kiosk-7', roles: ['printer'] });
      expect((await admin().run(['token', 'create', '--hostname', '*-*'])).err).toContain('hostname_invalid');
    });

    test('a token is printed alone, so that a script can take it; lists show no secret', async () => {
      const { out, err } = await admin().run(['token', 'create', '--uses', '3', '--ttl', '2h', '--hostname', 'h-1']);
      expect(out).toMatch(/^qt1[a-z0-9]+\n$/);
      expect(err).toContain(`qconn-agent enroll --hub ${admin().hub.url}`);
      expect(err).not.toContain(out.trim());
      expect(err).toContain('good for 3 machines and expires in 2 h');
      const { items } = await admin().json<{ items: { id: string; hostname: string | null }[] }>(
        'token',
        'list',
        '--all',
      );
      const { id } = items.find(({ hostname }) => hostname === 'h-1') ?? { id: '' };
      expect(JSON.stringify(items)).not.toContain('qt1');
      await admin().ok('token', 'revoke', id);
      expect(await admin().ok('token', 'list')).toMatch(new RegExp(`^${id} +revoked`, 'm'));
      const late = await admin().run([
        'enroll',
        admin().hub.url,
        '--token',
        out.trim(),
        '--credentials',
        join(admin().configFolder, 'late'),
      ]);
      expect(late.err).toContain('code: token_revoked');
      expect(late.err).not.toContain(out.trim());
    });

    test('a key does what its roles allow, and nothing after it is revoked', async () => {
      await admin().ok('role', 'put', 'viewer', '--allow', 'admin:machines.read');
      const key = (await admin().ok('key', 'create', 'dashboard', '--roles', 'viewer', '--ttl', '1h')).trim();
      const env = { QCONN_KEY: key };
      expect((await admin().run(['machines'], { env })).code).toBe(0);
      const refused = await admin().run(['token', 'create'], { env });
      expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('code: forbidden') });
      const id = /^([0-9a-f]{16}) +dashboard/m.exec(await admin().ok('keys'))?.[1] ?? '';
      await admin().ok('key', 'revoke', id, '--yes');
      expect((await admin().run(['machines'], { env })).err).toContain('code: unauthenticated');
    });
  });
}
