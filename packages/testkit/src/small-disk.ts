import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Makes a tmpfs that only the command which follows can see. */
const ON_TMPFS = 'mount -t tmpfs -o size=256k,mode=0700 tmpfs "$1" && shift && exec "$@"';
const BLOCK_BYTES = 4096;

/**
 * Runs a program that has a disk of its own which can become full or read-only; see {@link SmallDisk}. The disk is a tmpfs where
 * this user may mount one, as root may and others where the system gives them user namespaces; else a limit on the size of files,
 * which the kernel enforces at the same calls.
 * @param program TypeScript whose last line of output is JSON
 * @returns what it wrote, and which of the two it had
 */
export async function runOnSmallDisk(program: string): Promise<{ how: 'tmpfs' | 'file size limit'; result: unknown }> {
  const folder = await mkdtemp(join(tmpdir(), 'qconn-disk-'));
  try {
    const mounts = spawnSync('unshare', unshared(folder, ['true'])).status === 0;
    const how = mounts ? 'tmpfs' : 'file size limit';
    const call = [process.execPath, '--conditions=@qconn/source', program, folder, how];
    const [command = '', ...args] = mounts ? ['unshare', ...unshared(folder, call)] : call;
    const { stdout } = await promisify(execFile)(command, args);
    return { how, result: JSON.parse(stdout) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function unshared(folder: string, command: readonly string[]): string[] {
  return ['--mount', '--map-root-user', 'sh', '-c', ON_TMPFS, 'sh', folder, ...command];
}

/** The disk of a program that {@link runOnSmallDisk} runs. */
export class SmallDisk {
  readonly folder: string;
  readonly #tmpfs: boolean;

  private constructor(folder: string, tmpfs: boolean) {
    this.folder = folder;
    this.#tmpfs = tmpfs;
    // Else the first byte past the limit would end the process.
    process.on('SIGXFSZ', () => {});
  }

  /** That of this process. */
  static given(): SmallDisk {
    const [folder = '', how] = process.argv.slice(2);
    return new SmallDisk(folder, how === 'tmpfs');
  }

  /** From now on it takes nothing more. */
  fill(): void {
    if (!this.#tmpfs) return limitFiles('1:unlimited');
    const file = openSync(this.#filler, 'w');
    try {
      for (;;) writeSync(file, Buffer.alloc(BLOCK_BYTES));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  /** There is room again. */
  free(): void {
    if (this.#tmpfs) rmSync(this.#filler);
    else limitFiles('unlimited:unlimited');
  }

  /** @returns false where this user cannot make it so; no file may be open on it */
  setReadOnly(): boolean {
    if (this.#tmpfs) execFileSync('mount', ['-o', 'remount,ro', this.folder]);
    return this.#tmpfs;
  }

  get #filler(): string {
    return join(this.folder, 'filler');
  }
}

function limitFiles(bytes: string): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}`]);
}
