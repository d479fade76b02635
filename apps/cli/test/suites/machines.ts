import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Machine, Page } from '../../src/api/views.ts';
import type { Admin } from './admin.ts';

export function machinesSuite(admin: () => Admin): void {
  describe('machines', () => {
    test('an enrolled machine is pending until it is approved, by the code that both ends show', async () => {
      const folder = await admin().pending('printer-1');
      const again = await admin().run(['enroll', admin().hub.url, '--token', 'qt1x', '--credentials', folder]);
      expect(again.err).toContain('code: already_enrolled');
      const { items } = await admin().json<Page<Machine>>('machines', '--status', 'pending');
      const machine = items.find(({ requestedHostname }) => requestedHostname === 'printer-1') as Machine;
      expect(await admin().ok('machines')).toMatch(
        new RegExp(`^${machine.shortCode}  asks for printer-1 +pending +no`, 'm'),
      );
      expect(
        await admin().ok('approve', machine.shortCode, '--roles', 'printer', '--label', 'site=oslo', '--yes'),
      ).toBe(`printer-1 (${machine.shortCode}) is authorized with the role printer.\n`);
      const unsaid = await admin().run(['approve', 'printer-1']);
      expect(unsaid).toMatchObject({ code: 2, err: expect.stringContaining('There are: admin, lims, printer') });
      const twice = await admin().run(['approve', 'printer-1', '--roles', 'printer']);
      expect(twice).toMatchObject({ code: 1, err: expect.stringContaining('qconn rights') });
      const shown = await admin().json<Machine>('machine', 'printer-1');
      expect(shown).toMatchObject({ fingerprint: machine.fingerprint, status: 'authorized', labels: { site: 'oslo' } });
      expect(await admin().json<Machine>('machine', machine.shortCode)).toEqual(shown);
      expect(shown.authorizedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    });

    test('a list without a machine says which ones there are none of', async () => {
      const { err } = await admin().run(['machines', '--role', 'nobody', '--label', 'site=nowhere']);
      expect(err).toContain('There is no machine with the role nobody and the label site=nowhere.');
    });

    test('on a terminal approval asks, and shows what it is about', async () => {
      await admin().pending('asked-1');
      const refused = await admin().run(['approve', 'asked-1', '--roles', 'printer'], { columns: 100, stdin: 'n\n' });
      expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('Nothing was changed.') });
      expect(stripVTControlCharacters(refused.err)).toMatch(/short code +[A-Z0-9]{4}-[A-Z0-9]{4}\nfingerprint +qc1/);
      const ended = await admin().run(['approve', 'asked-1', '--roles', 'printer'], { columns: 100 });
      expect(ended.code).toBe(1);
      const agreed = await admin().run(['approve', 'asked-1', '--roles', 'printer'], { columns: 100, stdin: 'y\n' });
      expect(agreed.code, agreed.err).toBe(0);
    });

    test('without a terminal it wants --yes, and changes nothing', async () => {
      await admin().pending('asked-2');
      expect(await admin().run(['approve', 'asked-2', '--roles', 'printer'])).toMatchObject({
        code: 2,
        err: expect.stringContaining('--yes'),
      });
      expect((await admin().json<Machine>('machine', 'asked-2')).status).toBe('pending');
    });

    test('a taken hostname names its holder, and --replace hands it over', async () => {
      await admin().machine('twice', 'printer');
      const holder = await admin().json<Machine>('machine', 'twice');
      await admin().pending('twice');
      const { items } = await admin().json<Page<Machine>>('machines', '--status', 'pending', '--all');
      const second = items.find(({ requestedHostname }) => requestedHostname === 'twice') as Machine;
      expect(second.requestedHolder).toBe(holder.fingerprint);
      expect(await admin().ok('machines', '--status', 'pending', '--all')).toContain('asks for twice, which is held');
      expect(await admin().ok('machine', second.shortCode)).toContain(`${holder.fingerprint} – the same host`);
      const taken = await admin().run(['approve', second.shortCode, '--roles', 'printer', '--yes']);
      expect(taken).toMatchObject({ code: 1, err: expect.stringContaining(holder.fingerprint) });
      expect(taken.err).toContain(`add --replace ${holder.fingerprint}`);
      expect(taken.err).toContain('code: hostname_taken');
      await admin().ok('approve', second.shortCode, '--roles', 'printer', '--replace', 'twice', '--yes');
      expect((await admin().json<Machine>('machine', holder.fingerprint)).status).toBe('revoked');
    });

    test('rights replace what is given and leave the rest', async () => {
      await admin().machine('righty', 'printer');
      await admin().ok('rights', 'righty', '--label', 'site=oslo', '--label', 'floor=2');
      const out = await admin().ok('rights', 'righty', '--roles', 'none');
      expect(out).toContain('printer  →  none');
      expect(await admin().json<Machine>('machine', 'righty')).toMatchObject({
        roles: [],
        labels: { site: 'oslo', floor: '2' },
      });
      expect((await admin().run(['rights', 'righty'])).code).toBe(2);
    });

    test('revocation is for good, and in the audit trail with its reason', async () => {
      await admin().machine('stolen', 'printer');
      const { fingerprint } = await admin().json<Machine>('machine', 'stolen');
      await admin().ok('revoke', 'stolen', '--reason', 'stolen on Friday', '--yes');
      expect(await admin().ok('audit', '--subject', fingerprint)).toContain('stolen on Friday');
      expect((await admin().run(['approve', fingerprint, '--roles', 'printer', '--yes'])).err).toContain(
        'code: invalid_state',
      );
    });

    test('a long list says that more follow, and --all follows', async () => {
      const first = await admin().run(['machines', '--limit', '1']);
      expect(first.out.trimEnd().split('\n')).toHaveLength(2);
      const cursor = /--after (\S+)/.exec(first.err)?.[1] ?? '';
      const second = await admin().run(['machines', '--limit', '1', '--after', cursor]);
      expect(second.out).not.toBe(first.out);
      const all = await admin().json<Page<Machine>>('machines', '--limit', '2', '--all');
      expect(all.items.length).toBeGreaterThan(2);
      expect(all.next).toBeUndefined();
    });

    test('a terminal gets colours and lines that fit; a pipe gets neither', async () => {
      const terminal = await admin().run(['machines'], { columns: 60 });
      expect(terminal.out).toContain('\u{1B}[');
      expect(
        Math.max(
          ...stripVTControlCharacters(terminal.out)
            .split('\n')
            .map((line) => line.length),
        ),
      ).toBeLessThanOrEqual(60);
      expect((await admin().run(['machines'], { columns: 60, env: { NO_COLOR: '1' } })).out).not.toContain('\u{1B}[');
      expect(await admin().ok('machines')).not.toContain('\u{1B}[');
    });

    test('--watch shows the list until Ctrl-C', async () => {
      let interrupt = (): void => undefined;
      const ran = admin().run(['machines', '--limit', '1', '--watch', '--json'], {
        interruptible: (stop) => (interrupt = stop),
        watchOut: () => interrupt(),
      });
      expect(await ran).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^\{"items":.*\}\n$/) });
    });

    test('a machine that does not exist', async () => {
      expect(await admin().run(['machine', 'nobody'])).toMatchObject({
        code: 1,
        err: expect.stringContaining('There is no machine nobody.'),
      });
    });
  });
}
