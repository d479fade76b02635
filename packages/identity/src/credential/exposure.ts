import type { Stats } from 'node:fs';
import { QconnError } from '@qconn/protocol';

/** What folders and files of secrets may be at most. */
export const PRIVATE_MODES = { folder: 0o700, 'regular file': 0o600 } as const;

/** Windows has neither modes nor owners in this form; there the folder's inherited ACL protects it. */
export const HAS_MODES: boolean = process.platform !== 'win32';

/** Bits of a mode that give something to group or others. */
const OTHERS = 0o077;

/**
 * Refuses a folder or file of secrets that somebody else can get at.
 * @throws QconnError credential_exposed
 */
export function refuseExposed(path: string, stats: Stats, expected: keyof typeof PRIVATE_MODES): void {
  const isExpected = expected === 'folder' ? stats.isDirectory() : stats.isFile();
  if (!isExpected) throw new QconnError('credential_exposed', `${path} is not a ${expected}.`);
  if (!HAS_MODES) return;
  if ((stats.mode & OTHERS) !== 0) {
    const mode = octal(stats.mode & 0o777);
    throw new QconnError(
      'credential_exposed',
      `${path} has mode ${mode}; it must be ${octal(PRIVATE_MODES[expected])}.`,
      { facts: { path, mode } },
    );
  }
  const user = process.geteuid?.();
  // Root may look after everybody's; anybody else only after their own.
  if (user !== 0 && stats.uid !== user) {
    throw new QconnError('credential_exposed', `${path} belongs to user ${stats.uid}, not to user ${user}.`, {
      facts: { path, owner: stats.uid },
    });
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
