import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containsSecret } from '@qconn/startup';
import { describe, expect, test } from 'vitest';
import { Admin } from './admin.ts';

/** @param admin who has logged in with the bootstrap secret @param said what the login printed */
export function loginSuite(admin: () => Admin, said: () => string): void {
  describe('login', () => {
    test('a bootstrap secret becomes a profile that only its owner can read, and prints no key', async () => {
      const file = join(admin().configFolder, 'qconn', 'profiles.json');
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect((await stat(join(admin().configFolder, 'qconn'))).mode & 0o777).toBe(0o700);
      expect(await readFile(file, 'utf8')).toContain('"key": "qk_');
      expect(said()).toMatch(
        /^Logged in to https:\/\/127\.0\.0\.1:\d+ as profile default, with the key [0-9a-f]{16}\.\n$/,
      );
    });

    test('a bootstrap secret works once', async () => {
      const other = await Admin.withoutProfile(admin().hub);
      const { code, err } = await other.run(['login', admin().hub.url, admin().hub.bootstrapSecret]);
      expect(code).toBe(1);
      expect(err).toContain('code: bootstrap_spent');
      expect(containsSecret(err)).toBe(false);
    });

    test('an API key needs to be told which hub is the right one', async () => {
      const other = await Admin.withoutProfile(admin().hub);
      const key = (await admin().ok('key', 'create', 'second', '--roles', 'admin', '--ttl', '1h')).trim();
      const without = await other.run(['login', admin().hub.url, '-'], { stdin: key });
      expect(without).toMatchObject({ code: 2, err: expect.stringContaining('--pin') });
      const wrong = await other.run(['login', admin().hub.url, '-', '--pin', '0'.repeat(64)], { stdin: key });
      expect(wrong.err).toContain('code: pin_mismatch');
      const right = await other.run(['login', admin().hub.url, '--pin', admin().hub.pin, '--profile', 'second'], {
        env: { QCONN_SECRET: key },
      });
      expect(right.code, right.err).toBe(0);
      const profiles = await other.json<{ items: { name: string; pins: string[] }[] }>('profiles');
      expect(profiles.items).toEqual([
        expect.objectContaining({ name: 'second', hub: admin().hub.url, pins: [admin().hub.pin] }),
      ]);
      expect(containsSecret(JSON.stringify(profiles))).toBe(false);
      // The only profile is used, whatever its name.
      await other.ok('machines');
      await other.ok('logout');
      expect((await other.run(['machines'])).err).toContain('qconn login');
    });

    test('a person is asked for the secret, and it is not shown', async () => {
      const other = await Admin.withoutProfile(admin().hub);
      const key = (await admin().ok('key', 'create', 'typed', '--roles', 'admin')).trim();
      const { code, out, err } = await other.run(['login', admin().hub.url, '--pin', admin().hub.pin], {
        stdin: `${key}\n`,
        columns: 100,
      });
      expect(code, err).toBe(0);
      expect(err).toContain('bootstrap secret or API key: ');
      expect(containsSecret(out + err)).toBe(false);
    });

    test('a key that the hub does not know is not kept', async () => {
      const other = await Admin.withoutProfile(admin().hub);
      const key = (await admin().ok('key', 'create', 'gone', '--roles', 'admin')).trim();
      const keys = await admin().json<{ items: { id: string; name: string }[] }>('keys');
      await admin().ok('key', 'revoke', keys.items.find(({ name }) => name === 'gone')?.id ?? '', '--yes');
      const { code, err } = await other.run(['login', admin().hub.url, key, '--pin', admin().hub.pin]);
      expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('code: unauthenticated') });
      expect((await other.json<{ items: unknown[] }>('profiles')).items).toEqual([]);
    });

    test('a profile is not silently turned to another hub', async () => {
      const { code, err } = await admin().run([
        'login',
        'https://other.example:7443',
        'qk_x',
        '--pin',
        admin().hub.pin,
      ]);
      expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('token_malformed') });
      const key = (await admin().ok('key', 'create', 'moved', '--roles', 'admin')).trim();
      const other = await admin().run(['login', 'https://other.example:7443', key, '--pin', admin().hub.pin]);
      expect(other).toMatchObject({ code: 2, err: expect.stringContaining('is for https://127.0.0.1') });
    });

    test('the environment alone is enough', async () => {
      const key = (await admin().ok('key', 'create', 'ci', '--roles', 'admin')).trim();
      const other = await Admin.withoutProfile(admin().hub);
      const env = { QCONN_HUB: admin().hub.url, QCONN_KEY: key };
      expect((await other.run(['hub', '--json'], { env: { ...env, QCONN_PIN: admin().hub.pin } })).code).toBe(0);
      const { rootPem } = {
        rootPem: JSON.parse(await readFile(join(admin().configFolder, 'qconn', 'profiles.json'), 'utf8')).profiles
          .default.trustPem[0] as string,
      };
      const trust = join(other.configFolder, 'root.pem');
      await writeFile(trust, rootPem);
      expect((await other.run(['machines'], { env: { ...env, QCONN_TRUST: trust } })).code).toBe(0);
      expect((await other.run(['machines'], { env })).err).toContain('not logged in');
    });
  });
}
