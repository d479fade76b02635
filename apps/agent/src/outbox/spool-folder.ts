import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { numbered } from '../adapters/name-template.ts';

/** Files that are looked at in one go; the rest waits for the next look. */
const FILES_MAX = 1_000;

/** A file of the outbox that is being sent. */
export interface ClaimedFile {
  /** Idempotency key of its message. */
  readonly key: string;
  /** As its owner named it. */
  readonly name: string;
  readonly path: string;
  /** When it got its key, in milliseconds since 1970. */
  readonly claimedAt: number;
}

/** A file that waits in the outbox. */
export interface WaitingFile {
  readonly name: string;
  /** Changes whenever its content may have. */
  readonly version: string;
}

const SENDING = '.sending';
const SENT = 'sent';
const FAILED = 'failed';

/**
 * An outbox on disk. A file that is being sent lies in `.sending` under its key, so that a crash leaves no doubt
 * which files may have been sent, and under which key; then it goes to `sent`, to `failed`, or back.
 */
export class SpoolFolder {
  readonly #folder: string;
  readonly #names: RegExp;

  /** @param names which are taken; `*` stands for any characters */
  constructor(folder: string, names: string) {
    this.#folder = folder;
    const parts = names.split('*').map((part) => part.replaceAll(/[$()+.?[\\\]^{|}]/g, '\\$&'));
    this.#names = new RegExp(`^${parts.join('.*')}$`, 's');
  }

  /** Makes the subfolders. The outbox itself has to be there: one that is misspelt should not come into being. */
  async prepare(): Promise<void> {
    for (const name of [SENDING, SENT, FAILED]) {
      await mkdir(path.join(this.#folder, name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    }
  }

  /** The files that wait, by name. */
  async waiting(): Promise<WaitingFile[]> {
    const entries = await readdir(this.#folder, { withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && this.#names.test(entry.name))
      .map(({ name }) => name)
      .toSorted()
      .slice(0, FILES_MAX);
    const files = await Promise.all(names.map((name) => this.#look(name)));
    return files.filter((file) => file !== undefined);
  }

  /** Files that a process before this one was sending when it ended. */
  async unfinished(): Promise<ClaimedFile[]> {
    const names = await readdir(path.join(this.#folder, SENDING));
    const files = names.toSorted().map(async (name): Promise<ClaimedFile | undefined> => {
      const cut = name.indexOf('~');
      if (cut <= 0) return undefined;
      const place = path.join(this.#folder, SENDING, name);
      const { ctimeMs } = await lstat(place);
      return { key: name.slice(0, cut), name: name.slice(cut + 1), path: place, claimedAt: ctimeMs };
    });
    return (await Promise.all(files)).filter((file) => file !== undefined);
  }

  /**
   * Gives a file its key. On the disk when it resolves: no power failure makes it wait again.
   * @param now milliseconds since 1970
   * @returns `undefined` when somebody has taken the file away
   */
  async claim(name: string, now: number): Promise<ClaimedFile | undefined> {
    const key = randomUUID();
    const place = path.join(this.#folder, SENDING, `${key}~${name}`);
    try {
      await rename(path.join(this.#folder, name), place);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    await this.#sync(SENDING);
    await this.#sync('.');
    return { key, name, path: place, claimedAt: now };
  }

  async putBack(file: ClaimedFile): Promise<void> {
    await rename(file.path, await this.#freeName('.', file.name));
    await this.#sync('.');
  }

  /** The message was completed. */
  async finish(file: ClaimedFile, afterwards: 'keep' | 'delete'): Promise<void> {
    if (afterwards === 'delete') await rm(file.path);
    else await rename(file.path, await this.#freeName(SENT, file.name));
    await this.#sync(SENDING);
  }

  /** The message failed for good. @param reason for whoever finds the file; it is put beside it */
  async giveUp(file: ClaimedFile, reason: string): Promise<void> {
    const place = await this.#freeName(FAILED, file.name);
    await writeFile(`${place}.reason.txt`, `${reason}\n`);
    await rename(file.path, place);
    await this.#sync(FAILED);
  }

  async #look(name: string): Promise<WaitingFile | undefined> {
    try {
      const { size, mtimeMs, ino } = await lstat(path.join(this.#folder, name));
      return { name, version: `${ino}/${size}/${mtimeMs}` };
    } catch {
      return undefined; // Taken away in between.
    }
  }

  async #freeName(folder: string, wanted: string): Promise<string> {
    const taken = new Set(await readdir(path.join(this.#folder, folder)));
    for (let n = 0; ; n++) {
      const name = numbered(wanted, n);
      if (!taken.has(name)) return path.join(this.#folder, folder, name);
    }
  }

  /** A new name is on the disk only once its folder is (fsync(2)). Windows cannot open a folder, and journals its names. */
  async #sync(folder: string): Promise<void> {
    if (process.platform === 'win32') return;
    const handle = await open(path.join(this.#folder, folder), 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
