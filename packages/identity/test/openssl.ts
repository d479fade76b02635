import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether an OpenSSL command is there to ask for a second opinion; a bare machine may lack it. */
export const opensslPresent: boolean = spawnSync('openssl', ['version']).status === 0;
if (!opensslPresent) console.warn('note: no `openssl` command here; its second opinion on certificates is not asked');

/** Runs openssl with files of these contents, which the arguments name as `{name}`. Returns standard output. */
export function openssl(args: readonly string[], files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'qconn-openssl-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o600 });
    const resolved = args.map((arg) => arg.replace(/\{(\w+)\}/g, (_match, name: string) => join(folder, name)));
    return execFileSync('openssl', resolved, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
