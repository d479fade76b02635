import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import * as nodeFs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isQconnError, QconnError } from '@qconn/protocol';
import { HAS_MODES, PRIVATE_MODES, refuseExposed } from './exposure.ts';

/** The file operations in use, so that tests can stop them half way. */
export type FileOperations = Pick<typeof nodeFs, 'mkdir' | 'open' | 'readdir' | 'rename' | 'rm' | 'stat'>;

/** Ends the names of files that are not finished. */
const TEMPORARY = '.tmp';

/**
 * A folder of small files that only their owner may read. Replacing a file is atomic and durable: after
 * a crash it is the old one or the new one, whole.
 */
export class PrivateFolder {
  readonly path: string;
  readonly #fs: FileOperations;

  constructor(path: string, fs: FileOperations = nodeFs) {
    this.path = path;
    this.#fs = fs;
  }

  /**
   * Makes the folder if it is not there. One that is there is checked, not changed.
   * @throws QconnError credential_exposed, credential_unwritable
   */
  async prepare(): Promise<void> {
    await this.#writing(this.#make(this.path));
    await this.check();
  }

  /**
   * Whether the folder is there, and private.
   * @throws QconnError credential_exposed, credential_damaged
   */
  async check(): Promise<boolean> {
    const stats = await this.#ifThere(this.path, this.#fs.stat(this.path));
    if (stats !== undefined) refuseExposed(this.path, stats, 'folder');
    return stats !== undefined;
  }

  /**
   * The text of a file, or `undefined` if it is not there. Never follows a symbolic link; what is
   * checked is the file that was opened.
   * @throws QconnError credential_exposed, credential_damaged
   */
  async read(name: string, maxBytes: number): Promise<string | undefined> {
    const path = join(this.path, name);
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await this.#ifThere(path, this.#fs.open(path, flags));
    if (file === undefined) return undefined;
    try {
      const stats = await file.stat();
      refuseExposed(path, stats, 'regular file');
      if (stats.size > maxBytes) throw new QconnError('credential_damaged', `${path} is over ${maxBytes} bytes.`);
      return await file.readFile('utf8');
    } catch (error) {
      throw isQconnError(error) ? error : unreadable(path, error);
    } finally {
      await file.close();
    }
  }

  /**
   * Writes a file as a whole: into a temporary one beside it, to the disk, then over the old one. Of two
   * programs that write at once, each leaves a whole file or gets an error.
   * @throws QconnError credential_unwritable; then the old file is as it was
   */
  async replace(name: string, text: string): Promise<void> {
    const temporary = `.${name}.${randomBytes(8).toString('hex')}${TEMPORARY}`;
    await this.#writing(this.#write(join(this.path, temporary), text));
    await this.rename(temporary, name);
    await this.#writing(this.#removeUnfinished(`.${name}.`));
  }

  /**
   * Renames a file over another, durably.
   * @throws QconnError credential_unwritable; then both are as they were
   */
  async rename(from: string, to: string): Promise<void> {
    await this.#writing(this.#fs.rename(join(this.path, from), join(this.path, to)));
    await this.#writing(this.#syncFolder(this.path));
  }

  /** Removes a file, if it is there. */
  async remove(name: string): Promise<void> {
    await this.#writing(this.#fs.rm(join(this.path, name), { force: true }));
  }

  /**
   * Makes what is missing of a path, and has it on the disk. Node's own recursive mkdir tries for ever where a folder that is
   * there denies it when a new one in it is made, as all of /proc does.
   */
  async #make(path: string): Promise<void> {
    const above = dirname(path);
    try {
      await this.#fs.mkdir(path, { mode: PRIVATE_MODES.folder });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return;
      if (code !== 'ENOENT' || above === path) throw error;
      await this.#make(above);
      await this.#fs.mkdir(path, { mode: PRIVATE_MODES.folder });
    }
    await this.#syncFolder(above);
  }

  async #write(path: string, text: string): Promise<void> {
    const file = await this.#fs.open(path, 'wx', PRIVATE_MODES['regular file']);
    try {
      await file.writeFile(text);
      await this.#giveToFolderOwner(file);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** What crashes have left holds keys too. */
  async #removeUnfinished(prefix: string): Promise<void> {
    for (const name of await this.#fs.readdir(this.path)) {
      if (name.startsWith(prefix) && name.endsWith(TEMPORARY))
        await this.#fs.rm(join(this.path, name), { force: true });
    }
  }

  /** When root tends a service's folder, the service must still be able to read its files afterwards. */
  async #giveToFolderOwner(file: nodeFs.FileHandle): Promise<void> {
    if (!HAS_MODES || process.geteuid?.() !== 0) return;
    const { uid, gid } = await this.#fs.stat(this.path);
    if (uid !== 0) await file.chown(uid, gid);
  }

  /** A rename is on the disk only once its folder is (fsync(2)). */
  async #syncFolder(path: string): Promise<void> {
    if (!HAS_MODES) return;
    const folder = await this.#fs.open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async #ifThere<T>(path: string, operation: Promise<T>): Promise<T | undefined> {
    try {
      return await operation;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw unreadable(path, error);
    }
  }

  async #writing<T>(operation: Promise<T>): Promise<T> {
    try {
      return await operation;
    } catch (error) {
      throw new QconnError('credential_unwritable', `${this.path} cannot be written.`, { cause: error });
    }
  }
}

function unreadable(path: string, cause: unknown): QconnError {
  if ((cause as NodeJS.ErrnoException).code === 'ELOOP')
    return new QconnError('credential_exposed', `${path} is a symbolic link.`, { cause });
  return new QconnError('credential_damaged', `${path} cannot be read.`, { cause });
}
