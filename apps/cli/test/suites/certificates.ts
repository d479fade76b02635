import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CaStatus, Certificate } from '../../src/api/ca-views.ts';
import type { Admin } from './admin.ts';

interface Page {
  readonly items: readonly Certificate[];
}

export function certificatesSuite(admin: () => Admin): void {
  const status = (...step: string[]): Promise<CaStatus> => admin().json<CaStatus>('ca', ...step);
  const roots = async (): Promise<number> => {
    const text = await readFile(join(admin().configFolder, 'qconn', 'profiles.json'), 'utf8');
    return text.match(/BEGIN CERTIFICATE/g)?.length ?? 0;
  };

  test('ca takes a rotation step by step and back; the profile takes over the roots', async () => {
    const before = await status();
    expect(before).toMatchObject({ rotation: null, rootKeyHere: true });
    expect(await admin().run(['ca', 'prune', '--yes'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('invalid_state'),
    });
    expect((await status('prepare', '--yes')).rotation).toMatchObject({ phase: 'prepared' });
    expect(await roots()).toBe(2);
    expect(await admin().ok('ca')).toMatch(/rotation +prepared/);
    const activated = await status('activate', '--spread', '1s', '--yes');
    expect(activated.pin).not.toBe(before.pin);
    expect((await status('abort', '--yes')).rotation).toMatchObject({ phase: 'prepared' });
    expect((await status('abort', '--yes')).trust.pins).toEqual(before.trust.pins);
    expect(await roots()).toBe(1);
  });

  test('certs lists, cert shows and revokes', async () => {
    await admin().pending('certified');
    const { items } = await admin().json<Page>('certs', '--kind', 'machine', '--expires-within', '30d', '--all');
    const serial = items.at(-1)?.serial ?? '';
    expect(items.at(-1)).toMatchObject({ kind: 'machine', status: 'live' });
    expect(await admin().ok('cert', 'show', serial)).toContain('BEGIN CERTIFICATE');
    expect(await admin().ok('cert', 'revoke', serial, '--reason', 'a test', '--yes')).toContain('is revoked');
    expect(await admin().ok('certs', '--status', 'revoked')).toMatch(new RegExp(`${serial} +machine .*revoked`));
    expect((await admin().json<Page>('certs', '--kind', 'server')).items[0]).toMatchObject({ machine: null });
  });
}
