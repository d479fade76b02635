import { constants } from 'node:fs';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { QconnError } from '@qconn/protocol';

/** Where a line stands in the file. */
export interface Place {
  readonly offset: number;
  readonly bytes: number;
}

interface Pending {
  readonly line: Buffer;
  readonly written: (place: Place) => void;
  readonly resolve: () => void;
  readonly reject: (error: QconnError) => void;
}

/** Largest file that is read at the start: many times what compaction leaves. */
const FILE_MAX_BYTES = 512 * 1024 * 1024;
const PRIVATE_MODE = 0o600;

/**
 * An append-only file of lines that only its owner may read. A line is on the disk when its promise resolves;
 * lines that are appended meanwhile share the next write and sync. One process at a time may use it.
 */
export class JournalFile {
  readonly path: string;
  #file: FileHandle;
  #bytes: number;
  #queue: Pending[] = [];
  #working: Promise<void> | undefined;
  /** Work that has the file to itself, once what is being written is. */
  #exclusive: (() => Promise<void>) | undefined;

  private constructor(path: string, file: FileHandle, bytes: number) {
    this.path = path;
    this.#file = file;
    this.#bytes = bytes;
  }

  /**
   * Opens the file, or makes it, and reads every whole line. What a crash has cut off at the end is removed.
   * @throws QconnError `journal_unusable`; `credential_exposed` when others may read it
   */
  static async open(path: string, take: (line: string, place: Place) => void): Promise<JournalFile> {
    return attempt(path, async () => {
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
      const file = await open(path, flags, PRIVATE_MODE);
      try {
        const { size, mode } = await file.stat();
        if ((mode & 0o077) !== 0) throw new QconnError('credential_exposed', `${path} may be read by others.`);
        if (size > FILE_MAX_BYTES)
          throw new QconnError('journal_unusable', `${path} has over ${FILE_MAX_BYTES} bytes.`);
        const whole = takeLines(await file.readFile(), take);
        if (whole < size) await file.truncate(whole);
        await file.sync();
        await syncFolder(path);
        return new JournalFile(path, file, whole);
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Resolves once the line is on the disk.
   * @param written told where it stands, before anything else is done with the file
   * @throws QconnError `journal_unusable`
   */
  append(line: string, written: (place: Place) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ line: Buffer.from(line), written, resolve, reject });
      this.#work();
    });
  }

  /**
   * Replaces the file by one that holds only some of its lines, once what is being written is; a crash leaves one or
   * the other whole. Called again before that, it does nothing.
   * @param chosen called when it begins
   * @param moved told where each line stands from then on
   */
  compact(chosen: () => readonly Place[], moved: (places: readonly Place[]) => void): void {
    this.#exclusive ??= () => this.#rewrite(chosen(), moved);
    this.#work();
  }

  /** Writes what waits, then closes the file. */
  async close(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
    await this.#file.close();
  }

  #work(): void {
    this.#working ??= this.#run().finally(() => {
      this.#working = undefined;
      if (this.#queue.length > 0 || this.#exclusive !== undefined) this.#work();
    });
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) await this.#write(this.#queue.splice(0));
    const exclusive = this.#exclusive;
    this.#exclusive = undefined;
    // A compaction that fails leaves the file as it was, and is tried again with later growth.
    await exclusive?.().catch(() => {});
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    try {
      const bytes = Buffer.concat(batch.map(({ line }) => line));
      await attempt(this.path, async () => {
        await writeAll(this.#file, bytes, this.#bytes);
        await this.#file.datasync();
      });
    } catch (error) {
      // Half a line would run into the next one.
      await this.#file.truncate(this.#bytes).catch(() => {});
      for (const { reject } of batch) reject(error as QconnError);
      return;
    }
    for (const { line, written, resolve } of batch) {
      written({ offset: this.#bytes, bytes: line.length });
      this.#bytes += line.length;
      resolve();
    }
  }

  async #rewrite(chosen: readonly Place[], moved: (places: readonly Place[]) => void): Promise<void> {
    const temporary = `${this.path}.tmp`;
    await rm(temporary, { force: true });
    const file = await open(temporary, 'wx+', PRIVATE_MODE);
    const places: Place[] = [];
    try {
      let offset = 0;
      for (const place of chosen) {
        const line = Buffer.alloc(place.bytes);
        await this.#file.read(line, 0, place.bytes, place.offset);
        await writeAll(file, line, offset);
        places.push({ offset, bytes: place.bytes });
        offset += place.bytes;
      }
      await giveToFolderOwner(file, this.path);
      await file.sync();
      await rename(temporary, this.path);
      await syncFolder(this.path);
      await this.#file.close();
      this.#file = file;
      this.#bytes = offset;
    } catch (error) {
      await file.close();
      throw error;
    }
    moved(places);
  }
}

/** @returns bytes up to and with the last line end */
function takeLines(content: Buffer, take: (line: string, place: Place) => void): number {
  let offset = 0;
  for (let end = content.indexOf(10); end >= 0; end = content.indexOf(10, offset)) {
    take(content.toString('utf8', offset, end), { offset, bytes: end + 1 - offset });
    offset = end + 1;
  }
  return offset;
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;)
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
}

/** A file or a rename is on the disk only once its folder is (fsync(2)). */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** When root tends a service's folder, the service must still be able to read the file afterwards. */
async function giveToFolderOwner(file: FileHandle, path: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = await stat(dirname(path));
  if (uid !== 0) await file.chown(uid, gid);
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof QconnError) throw cause;
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new QconnError('journal_unusable', `The journal of jobs ${path} cannot be used (${code}).`, { cause });
  }
}
