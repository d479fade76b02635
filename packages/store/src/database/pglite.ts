import { join } from 'node:path';

import { PGlite } from '@electric-sql/pglite';
import { QconnError } from '@qconn/protocol';
import { Kysely, PGliteDialect } from 'kysely';

import type { Connection, Tables } from './database.ts';
import { lockFolder } from './folder-lock.ts';
import { VALUE_PARSERS } from './value-types.ts';

/**
 * Opens the embedded database.
 * @param folder where it lives, made when missing; undefined: in memory, gone with `close()`
 * @throws QconnError data_locked, database_unavailable
 */
export async function openPglite(folder: string | undefined): Promise<Connection> {
  const unlock = folder === undefined ? () => {} : lockFolder(folder);
  const pglite = new PGlite(folder === undefined ? 'memory://' : join(folder, 'pglite'), {
    parsers: { ...VALUE_PARSERS },
  });
  try {
    await pglite.waitReady;
  } catch (cause) {
    unlock();
    throw new QconnError(
      'database_unavailable',
      `The embedded database in ${folder} does not start${reasonOf(cause)}.`,
      { cause },
    );
  }
  const kysely = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) });
  return {
    kysely,
    async listen(channel, heard) {
      await pglite.listen(channel, heard);
    },
    // One connection in this process, and a queue before it that does not tell its length.
    usage: () => ({ busy: 0, idle: pglite.closed ? 0 : 1, waiting: 0 }),
    async close() {
      await kysely.destroy();
      if (!pglite.closed) await pglite.close();
      unlock();
    },
  };
}

/** What WebAssembly's file system calls an error (WASI, `errno`), where a person can do something about it. */
const FILE_ERRORS: Readonly<Record<number, string>> = {
  2: 'access to a file is denied',
  29: 'a file cannot be read or written',
  51: 'no space is left on the device',
  63: 'an operation on a file is not permitted',
  69: 'the file system is read-only',
};

function reasonOf(cause: unknown): string {
  const words = FILE_ERRORS[(cause as { readonly errno?: number } | undefined)?.errno ?? 0];
  return words === undefined ? '' : `: ${words}`;
}
