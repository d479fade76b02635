import { open } from 'node:fs/promises';
import { PRIVATE_MODES } from './exposure.ts';

/**
 * Writes a new file of mode 0600, to the disk.
 * @throws the system's error, `EEXIST` when there is such a file
 */
export async function writePrivate(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', PRIVATE_MODES['regular file']);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
