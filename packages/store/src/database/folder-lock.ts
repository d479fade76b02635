import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { QconnError } from '@qconn/protocol';

/** SQLite's result code for a lock that somebody else has. */
const SQLITE_BUSY = 5;

/**
 * Takes a folder for this process alone; the result gives it back.
 *
 * The lock is the operating system's: it ends with the process however that ends, so there is no
 * stale lock to judge, and it holds between containers that share a volume, where process ids do not.
 * Node offers no file lock, but SQLite takes one on its file for an exclusive transaction.
 * @throws QconnError data_locked with `facts.pid` when another process has it; database_unavailable
 *   when the folder cannot be used
 */
export function lockFolder(folder: string): () => void {
  const note = join(folder, 'lock.pid');
  let file: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    file = new DatabaseSync(join(folder, 'lock'));
    file.exec('BEGIN EXCLUSIVE');
    writeFileSync(note, `${process.pid}\n`);
  } catch (cause) {
    file?.close();
    if ((cause as { errcode?: number }).errcode !== SQLITE_BUSY)
      throw new QconnError('database_unavailable', `The folder ${folder} cannot be used: ${(cause as Error).message}`, {
        cause,
      });
    const pid = holderIn(note);
    throw new QconnError('data_locked', `The folder ${folder} is in use by process ${pid}.`, {
      cause,
      facts: { folder, pid },
    });
  }
  return () => file.close();
}

/** The process that wrote its number down; 0 when none has yet. */
function holderIn(note: string): number {
  try {
    return Number(readFileSync(note, 'utf8'));
  } catch {
    return 0;
  }
}
