import { constants, type Stats } from 'node:fs';
import * as nodeFs from 'node:fs/promises';
import { join } from 'node:path';
import { isQconnError, QconnError } from '@qconn/protocol';

/** The file operations in use, so that tests can stop them half way. */
export type FileOperations = Pick<typeof nodeFs, 'lstat' | 'mkdir' | 'open' | 'rename' | 'rm' | 'stat'>;

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS = 0o077;

/** Windows has neither modes nor owners in this form; there the folder's inherited ACL protects it. */
const HAS_MODES = process.platform !== 'win32';

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
    await this.#writing(this.#fs.mkdir(this.path, { recursive: true, mode: FOLDER_MODE }));
    await this.check();
  }

  /**
   * Whether the folder is there, and private.
   * @throws QconnError credential_exposed
   */
  async check(): Promise<boolean> {
    const stats = await absentAs(undefined, this.#fs.stat(this.path));
    if (stats !== undefined) refuseExposed(this.path, stats, stats.isDirectory(), FOLDER_MODE);
    return stats !== undefined;
  }

  /**
   * The text of a file, or `undefined` if it is not there. Never follows a symbolic link; what is
   * checked is the file that was opened.
   * @throws QconnError credential_exposed, credential_damaged
   */
  async read(name: string, maxBytes: number): Promise<string | undefined> {
    const path = join(this.path, name);
    const file = await absentAs(
      undefined,
      this.#fs.open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
    ).catch((error: unknown) => {
      throw unreadable(path, error);
    });
    if (file === undefined) return undefined;
    try {
      const stats = await file.stat();
      refuseExposed(path, stats, stats.isFile(), FILE_MODE);
      if (stats.size > maxBytes) throw new QconnError('credential_damaged', `${path} is over ${maxBytes} bytes.`);
      return await file.readFile('utf8');
    } catch (error) {
      throw isQconnError(error) ? error : unreadable(path, error);
    } finally {
      await file.close();
    }
  }

  /**
   * Writes a file as a whole: into a temporary one beside it, to the disk, then over the old one.
   * @throws QconnError credential_unwritable; then the old file is as it was
   */
  async replace(name: string, text: string): Promise<void> {
    const temporary = join(this.path, `.${name}.tmp`);
    await this.#writing(this.#write(temporary, text));
    await this.#writing(this.#fs.rename(temporary, join(this.path, name)));
    await this.#writing(this.#syncFolder());
  }

  /**
   * Renames a file over another, durably.
   * @throws QconnError credential_unwritable; then both are as they were
   */
  async rename(from: string, to: string): Promise<void> {
    await this.#writing(this.#fs.rename(join(this.path, from), join(this.path, to)));
    await this.#writing(this.#syncFolder());
  }

  /** Removes a file, if it is there. */
  async remove(name: string): Promise<void> {
    await this.#writing(this.#fs.rm(join(this.path, name), { force: true }));
  }

  async #write(path: string, text: string): Promise<void> {
    // What a crash has left is removed, never opened: `wx` also refuses a link that somebody put there.
    await this.#fs.rm(path, { force: true });
    const file = await this.#fs.open(path, 'wx', FILE_MODE);
    try {
      await file.writeFile(text);
      await this.#giveToFolderOwner(file);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** When root tends a service's folder, the service must still be able to read its files afterwards. */
  async #giveToFolderOwner(file: nodeFs.FileHandle): Promise<void> {
    if (!HAS_MODES || process.geteuid?.() !== 0) return;
    const { uid, gid } = await this.#fs.stat(this.path);
    if (uid !== 0) await file.chown(uid, gid);
  }

  /** A rename is on the disk only once its folder is (fsync(2)). */
  async #syncFolder(): Promise<void> {
    if (!HAS_MODES) return;
    const folder = await this.#fs.open(this.path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
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

/** @param mode what the file or folder may be at most */
function refuseExposed(path: string, stats: Stats, rightType: boolean, mode: number): void {
  if (!rightType)
    throw new QconnError('credential_exposed', `${path} is not a ${mode === FOLDER_MODE ? 'folder' : 'regular file'}.`);
  if (!HAS_MODES) return;
  const actual = (stats.mode & 0o777).toString(8).padStart(4, '0');
  const wanted = mode.toString(8).padStart(4, '0');
  if ((stats.mode & OTHERS) !== 0) {
    throw new QconnError('credential_exposed', `${path} has mode ${actual}; it must be ${wanted}.`, {
      facts: { path, mode: actual },
    });
  }
  const user = process.geteuid?.();
  // Root may look after everybody's; anybody else only after their own.
  if (user !== 0 && stats.uid !== user) {
    throw new QconnError('credential_exposed', `${path} belongs to user ${stats.uid}, not to user ${user}.`, {
      facts: { path, owner: stats.uid },
    });
  }
}

function unreadable(path: string, cause: unknown): QconnError {
  if ((cause as NodeJS.ErrnoException).code === 'ELOOP')
    return new QconnError('credential_exposed', `${path} is a symbolic link.`, { cause });
  return new QconnError('credential_damaged', `${path} cannot be read.`, { cause });
}

async function absentAs<T, U>(value: U, operation: Promise<T>): Promise<T | U> {
  try {
    return await operation;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value;
    throw error;
  }
}
