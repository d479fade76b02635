import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Caller, Role, RolePlan } from '../../src/api/views.ts';
import type { Admin } from './admin.ts';

export function roleSetSuite(admin: () => Admin): void {
  const fileOf = async (text: string): Promise<string> => {
    const file = join(admin().configFolder, 'roles.yaml');
    await writeFile(file, text);
    return file;
  };

  describe('all roles as one file', () => {
    test('what is exported is what is there: applying it changes nothing', async () => {
      const exported = await admin().ok('role', 'export', '--assignments');
      expect(exported).toMatch(/^roles:\n {2}- name: admin\n {4}grants:\n {6}- effect: allow\n {8}verb: admin\n/);
      const file = await fileOf(exported);
      expect(await admin().ok('apply', '-f', file, '--prune', '--yes')).toBe('The hub has these roles already.\n');
    });

    test('a dry run says what changes, and for whom, and changes nothing', async () => {
      await admin().ok('role', 'put', 'kiosk', '--allow', 'submit:print', '--allow', 'query:*');
      await admin().machine('kiosk-1', 'kiosk');
      const file = await fileOf(
        `roles:
  - name: kiosk
    grants:
      - { effect: allow, verb: submit, serviceTypes: [print, scale.*], selector: { labels: { site: oslo } } }
      - { effect: allow, verb: query, serviceTypes: ['*'] }
  - { name: printer-2, grants: [{ effect: allow, verb: provide, serviceTypes: [print] }] }
assignments:
  kiosk-1: [kiosk, printer-2]
`,
      );
      const said = await admin().ok('apply', '-f', file, '--dry-run');
      expect(said).toContain(
        'kiosk is edited\n  - allow submit print\n  + allow submit print, scale.* towards site=oslo\n',
      );
      expect(said).toContain('printer-2 is made\n');
      expect(said).toContain('kiosk-1 has kiosk, printer-2 instead of kiosk\n');
      expect(said).toContain('kiosk-1  gains submit scale.* towards site=oslo, provide print  loses submit print\n');
      const { change, affected, complete } = await admin().json<RolePlan>('apply', '-f', file, '--dry-run');
      expect(change.roles.map(({ name, change: kind }) => [name, kind])).toEqual([
        ['kiosk', 'edit'],
        ['printer-2', 'make'],
      ]);
      expect({ affected: affected.map(({ name }) => name), complete }).toEqual({
        affected: ['kiosk-1'],
        complete: true,
      });
      expect((await admin().json<Role>('role', 'show', 'kiosk')).generation).toBe(1);

      await admin().ok('apply', '-f', file, '--yes');
      expect((await admin().json<{ roles: string[] }>('machine', 'kiosk-1')).roles).toEqual(['kiosk', 'printer-2']);
      expect((await admin().run(['explain', 'kiosk-1', 'provide', 'print'])).code).toBe(0);
      await admin().ok('rights', 'kiosk-1', '--roles', 'none');
      await admin().ok('role', 'delete', 'kiosk', '--yes');
      await admin().ok('role', 'delete', 'printer-2', '--yes');
    });

    test('pruning refuses a role that somebody has, unless told, and never locks out the one who prunes', async () => {
      await admin().ok('role', 'put', 'pruned', '--allow', 'submit:x');
      await admin().machine('pruned-pc', 'pruned');
      const without = async (...names: string[]): Promise<string> => {
        const { items } = await admin().json<{ items: Role[] }>('roles', '--all');
        const roles = items.filter(({ name }) => !names.includes(name)).map(({ name, grants }) => ({ name, grants }));
        return fileOf(JSON.stringify({ roles }));
      };
      const file = await without('pruned');
      expect((await admin().run(['apply', '-f', file, '--prune', '--yes'])).err).toContain('code: role_in_use');
      await admin().ok('apply', '-f', file, '--prune', '--force', '--yes');
      expect((await admin().json<{ roles: string[] }>('machine', 'pruned-pc')).roles).toEqual([]);
      const lockout = await without('admin');
      expect((await admin().run(['apply', '-f', lockout, '--prune', '--force', '--yes'])).err).toContain(
        'code: self_lockout',
      );
    });

    const role = (grant: string): string => `roles:\n  - name: bad\n    grants:\n      - ${grant}\n`;
    test.each([
      ['an unknown key', role('{ effect: allow, verb: submit, serviceTypes: [x], selektor: {} }'), ':4:', 'selektor'],
      ['**', role("{ effect: allow, verb: submit, serviceTypes: ['**'] }"), ':4:', 'not a pattern'],
      ['print.*.x', role('{ effect: allow, verb: submit, serviceTypes: [y, print.*.x] }'), ':4:58', 'not a pattern'],
      ['a role twice', 'roles:\n  - { name: a, grants: [] }\n  - { name: a, grants: [] }\n', ':3:', 'another role'],
      ['an empty file', '', '', 'roles is missing'],
      ['no YAML', 'roles: [\n  }', ':2:', 'not valid YAML'],
      ['ten megabytes', `roles: []\n#${'x'.repeat(10_000_000)}`, '', 'the limit is 8388608'],
      [
        'a bomb of aliases',
        `a: &a [x, x, x, x, x, x, x, x, x]\n${['b', 'c', 'd', 'e', 'f']
          .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcde'[index]}`).join(', ')}]`)
          .join('\n')}\nroles: *f\n`,
        '',
        'aliases',
      ],
    ])('a file with %s is refused before anything is sent', async (_, text, where, why) => {
      const file = await fileOf(text);
      const { code, err } = await admin().run(['apply', '-f', file, '--yes'], {
        env: { QCONN_HUB: 'https://nowhere.invalid' },
      });
      expect(code).toBe(2);
      expect(err).toContain(`${file}${where}`);
      expect(err).toContain(why);
    });
  });

  test('a machine whose role has admin grants administers with its certificate', async () => {
    await admin().ok('role', 'put', 'console', '--allow', 'admin:machines.read');
    const folder = await admin().machine('console-pc', 'console');
    const env = { XDG_CONFIG_HOME: '/nowhere' };
    const who = await admin().run(['whoami', '--json', '--credential', folder], { env });
    expect(JSON.parse(who.out) as Caller).toMatchObject({ kind: 'machine', actions: ['machines.read'] });
    expect((await admin().run(['machine', 'console-pc'], { env: { ...env, QCONN_CREDENTIAL: folder } })).code).toBe(0);
    const refused = await admin().run(['token', 'create', '--credential', folder], { env });
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('code: forbidden') });
    await admin().ok('revoke', 'console-pc', '--yes');
    expect((await admin().run(['whoami', '--credential', folder], { env })).err).toContain('code: revoked');
  });
}
