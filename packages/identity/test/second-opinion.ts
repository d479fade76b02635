import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/*
 * Other implementations to ask for their opinion: the `openssl` and GnuTLS `certtool` commands. A bare
 * machine may lack them, so what they are asked is always asked in other ways as well.
 */

export const opensslPresent: boolean = isPresent('openssl', 'version');
export const certtoolPresent: boolean = isPresent('certtool', '--version');

/** Runs openssl with files of these contents, which the arguments name as `{name}`. Returns standard output. */
export function openssl(args: readonly string[], files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  return runWithFiles('openssl', args, files);
}

/** The same for GnuTLS. */
export function certtool(args: readonly string[], files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  return runWithFiles('certtool', args, files);
}

function isPresent(command: string, argument: string): boolean {
  const present = spawnSync(command, [argument]).status === 0;
  if (!present) console.warn(`note: there is no \`${command}\` here; its opinion on certificates is not asked`);
  return present;
}

function runWithFiles(
  command: string,
  args: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>>,
): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'qconn-opinion-'));
  try {
    for (const [name, content] of Object.entries(files))
      writeFileSync(path.join(folder, name), content, { mode: 0o600 });
    const resolved = args.map((arg) => arg.replace(/\{(\w+)\}/g, (_match, name: string) => path.join(folder, name)));
    return execFileSync(command, resolved, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
