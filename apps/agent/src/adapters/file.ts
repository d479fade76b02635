import { randomBytes } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answer, Job } from '@qconn/client';
import type { Clock } from '@qconn/clock';
import { isQconnError } from '@qconn/protocol';
import type { Adapter, AdapterDependencies } from './adapter.ts';
import { failed, refused, systemErrorInWords, throwIfCancelled } from './failures.ts';
import { fillTemplate, numbered } from './name-template.ts';

/** A folder from which another program takes files. */
export interface FileSettings {
  readonly type: 'file';
  readonly folder: string;
  /** Name of each job's file, with placeholders; see name-template.ts. */
  readonly name: string;
}

/** Names that are tried before a job is refused because all are taken. */
const NAMES_MAX = 1_000;

/** File systems without hard links say one of these. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Writes each job as a file that appears whole, under a name that was free, and is on the disk when the job
 * is reported as done. Readers see nothing of it before but a name that begins with a dot and ends in `.tmp`.
 */
export class FileAdapter implements Adapter {
  readonly target: string;
  readonly #settings: FileSettings;
  readonly #clock: Clock;

  constructor(settings: FileSettings, { clock }: AdapterDependencies) {
    this.target = `file ${settings.folder}`;
    this.#settings = settings;
    this.#clock = clock;
  }

  async handle(job: Job): Promise<Answer> {
    throwIfCancelled(job.signal);
    const { folder, name } = this.#settings;
    const wanted = fillTemplate(name, job, { now: this.#clock.now(), id: randomBytes(8).toString('hex') });
    const temporary = join(folder, `.qconn-${randomBytes(8).toString('hex')}.tmp`);
    const given = await this.#place(temporary, wanted, job);
    await this.#syncFolder(given);
    return { headers: { 'file-name': given } };
  }

  /** @returns the name it got @throws QconnError `rejected` or `cancelled`: nothing is left in the folder */
  async #place(temporary: string, wanted: string, job: Job): Promise<string> {
    try {
      await write(temporary, job.stream.lent());
      throwIfCancelled(job.signal);
      return await this.#publish(temporary, wanted);
    } catch (error) {
      throw this.#refusal(error);
    } finally {
      await rm(temporary, { force: true }).catch(() => {}); // It is left over, and harms nobody.
    }
  }

  /** Gives the file its name, which must be free: another program's file is never replaced. */
  async #publish(temporary: string, wanted: string): Promise<string> {
    for (let n = 0; n < NAMES_MAX; n++) {
      const name = numbered(wanted, n);
      if (await claim(temporary, join(this.#settings.folder, name))) return name;
    }
    throw refused(
      `${this.target} has ${NAMES_MAX} files of the name ${wanted} already; nobody seems to take them away.`,
    );
  }

  #refusal(error: unknown): unknown {
    if (isQconnError(error, 'body_cut') || isQconnError(error, 'body_corrupt'))
      return refused(`${this.target} has not got the whole job, and keeps nothing of it: ${error.message}`, error);
    if (!(error instanceof Error) || !('syscall' in error)) return error;
    if ('code' in error && error.code === 'ENOENT') return refused(`${this.target} does not exist.`, error);
    return refused(`${this.target} ${systemErrorInWords(error)}.`, error);
  }

  /** A new name is on the disk only once its folder is (fsync(2)). */
  async #syncFolder(name: string): Promise<void> {
    if (process.platform === 'win32') return; // There a folder cannot be opened, and NTFS journals its names.
    try {
      const folder = await open(this.#settings.folder, 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    } catch (error) {
      throw failed(`${this.target} has the job as ${name}, but a power failure may still lose it.`, error);
    }
  }
}

async function write(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o666); // The agent's umask decides who may read it.
  try {
    for await (const piece of body) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @returns false when the name is taken */
async function claim(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code);
    if (code === 'EEXIST') return false;
    if (!NO_LINKS.has(code)) throw error;
  }
  return claimByReplacing(temporary, path);
}

/** Where there are no links: takes the name with an empty file, which readers may see for a moment. */
async function claimByReplacing(temporary: string, path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return true;
}
