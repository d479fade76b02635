import { mkdtempSync, rmSync } from 'node:fs';
import * as nodeFs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CredentialStore, type Credential, type CredentialStoreOptions } from '@qconn/identity';
import { createTestPki } from '@qconn/testkit';
import { afterEach, beforeEach } from 'vitest';

const pki = await createTestPki();

/** A folder for one test. `machine` within it is where the credential goes; the store makes it. */
export interface CredentialFolder {
  readonly base: string;
  readonly path: string;
  readonly open: (options?: CredentialStoreOptions) => CredentialStore;
  readonly file: (name: string) => string;
}

/** A fresh folder for each test of the file, removed afterwards. */
export function credentialFolder(): CredentialFolder {
  let base = '';
  beforeEach(() => {
    base = mkdtempSync(path.join(tmpdir(), 'qconn-credential-'));
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));
  const folder = {
    get base(): string {
      return base;
    },
    get path(): string {
      return path.join(base, 'machine');
    },
    open: (options: CredentialStoreOptions = {}): CredentialStore => new CredentialStore(folder.path, options),
    file: (name: string): string => path.join(folder.path, name),
  };
  return folder;
}

export async function newCredential(): Promise<Credential> {
  const { keyPem, chainPem } = await pki.machine();
  return {
    privateKeyPem: keyPem,
    chainPem,
    trustBundlePem: [pki.rootPem],
    hub: { quic: [{ host: 'hub.example', port: 4433 }], https: 'https://hub.example:8443/' },
  };
}

/**
 * File operations of which the first `steps` succeed and every later one fails, as after a crash. A write
 * that it catches is left half done.
 */
export function stoppingAfter(steps: number): { fs: typeof nodeFs; reached: string[] } {
  const reached: string[] = [];
  const guard = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name): unknown {
        const value: unknown = Reflect.get(object, name);
        if (typeof value !== 'function') return value;
        const run = async (args: unknown[]): Promise<unknown> =>
          (value as (...all: unknown[]) => unknown).apply(object, args);
        return async (...args: unknown[]): Promise<unknown> => {
          if (reached.length < steps) {
            reached.push(String(name));
            const result = await run(args);
            return name === 'open' ? guard(result as object) : result;
          }
          if (name === 'close') await run(args); // A process that dies closes its files.
          if (name === 'writeFile') await run([String(args[0]).slice(0, 1_000)]);
          throw new Error('crashed here');
        };
      },
    });
  return { fs: guard({ ...nodeFs }), reached };
}
