import { randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { QconnError } from '@qconn/protocol';
import { makeFolder } from '@qconn/startup';
import { formatProfiles, parseProfiles } from './parse-profiles.ts';
import type { Profile } from './profile.ts';

/** The profiles, in a file that only its owner can read: each holds a key to a hub. */
export class ProfileFile {
  readonly path: string;

  /** @param folder is made with mode 0700 when something is written */
  constructor(folder: string) {
    this.path = join(folder, 'profiles.json');
  }

  /**
   * Every profile by name; none when there is no file.
   * @throws QconnError `credential_exposed` when others can read or replace it, `config_invalid` when it is damaged
   */
  async load(): Promise<Map<string, Profile>> {
    try {
      await this.#refuseExposed();
      return parseProfiles(await readFile(this.path, 'utf8'), this.path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return new Map();
      if (error instanceof QconnError) throw error;
      throw new QconnError('config_invalid', `The file ${this.path} cannot be read.`, { cause: error });
    }
  }

  /**
   * Replaces the file in one step: a crash leaves the old one or the new one, never half of one.
   * @throws QconnError `credential_unwritable`
   */
  async save(profiles: ReadonlyMap<string, Profile>): Promise<void> {
    const folder = dirname(this.path);
    const temporary = join(folder, `.profiles.${randomBytes(6).toString('hex')}`);
    try {
      await makeFolder(folder, 0o700);
      await chmod(folder, 0o700);
      await writeDurably(temporary, formatProfiles(profiles));
      await rename(temporary, this.path);
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw new QconnError('credential_unwritable', `The file ${this.path} cannot be written.`, { cause });
    }
  }

  async #refuseExposed(): Promise<void> {
    if (process.platform === 'win32') return;
    const file = await stat(this.path);
    const folder = await stat(dirname(this.path));
    const foreign = process.getuid !== undefined && file.uid !== process.getuid();
    if ((file.mode & 0o077) !== 0 || foreign)
      throw exposed(`The file ${this.path} can be read by others (mode ${modeText(file.mode)}); it holds API keys.`);
    if ((folder.mode & 0o022) !== 0)
      throw exposed(`The folder ${dirname(this.path)} can be changed by others (mode ${modeText(folder.mode)}).`);
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function exposed(message: string): QconnError {
  return new QconnError('credential_exposed', message);
}

function modeText(mode: number): string {
  return `0${(mode & 0o777).toString(8)}`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
