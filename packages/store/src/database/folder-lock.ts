import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { QconnError } from '@qconn/protocol';

/**
 * Takes a folder for this process alone; the result gives it back.
 *
 * The lock is the operating system's: it ends with the process however that ends, so there is no
 * stale lock to judge, and it holds between containers that share a volume, where process ids do not.
 * Node offers no file lock, but SQLite takes one on its file for an exclusive transaction.
 * @throws QconnError data_locked with `facts.pid` when another process has it
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const note = join(folder, 'lock.pid');
  const file = new DatabaseSync(join(folder, 'lock'));
  try {
    file.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    file.close();
    const pid = holderIn(note);
    throw new QconnError('data_locked', `The folder ${folder} is in use by process ${pid}.`, { cause, facts: { folder, pid } });
  }
  writeFileSync(note, `${process.pid}\n`);
  return () => file.close();
}

function holderIn(note: string): number {
  try {
    return Number(readFileSync(note, 'utf8'));
  } catch {
    return 0;
  }
}
