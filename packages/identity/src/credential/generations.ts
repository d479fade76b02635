import { isQconnError, type QconnError } from '@qconn/protocol';
import { CREDENTIAL_FILE_MAX_BYTES } from '../limits.ts';
import type { Credential } from './credential.ts';
import { parseCredential, type Protection } from './credential-text.ts';
import type { PrivateFolder } from './private-folder.ts';

/** Generations of a credential, newest first, each whole in a file of its own. */
export const GENERATION_FILES = {
  /** Issued, not proven yet. */
  next: 'credential.next.json',
  current: 'credential.json',
  /** What `current` was before: the way back if the disk spoils it. */
  previous: 'credential.previous.json',
} as const;

export type Generation = keyof typeof GENERATION_FILES;

export interface StoredGeneration {
  readonly generation: Generation;
  readonly credential: Credential;
  /** The file's text, sealed or not. */
  readonly text: string;
}

/** Told in a sentence of what is wrong but survivable. */
export type Warn = (message: string, error: QconnError) => void;

/** Reads the generations of a credential folder. */
export class Generations {
  readonly #folder: PrivateFolder;
  readonly #protection: Protection;
  readonly #warn: Warn | undefined;

  constructor(folder: PrivateFolder, protection: Protection, warn: Warn | undefined) {
    this.#folder = folder;
    this.#protection = protection;
    this.#warn = warn;
  }

  /**
   * The usable ones, newest first; reads only as far as it is asked to.
   * @throws QconnError credential_damaged when there are some and none is usable; see {@link readUsable}
   */
  async *usable(): AsyncGenerator<StoredGeneration> {
    if (!(await this.#folder.check())) return;
    let damage: QconnError | undefined;
    let found = false;
    for (const generation of Object.keys(GENERATION_FILES) as Generation[]) {
      const stored = await this.readUsable(generation, (error) => (damage ??= error));
      if (stored === undefined) continue;
      found = true;
      yield stored;
    }
    if (!found && damage !== undefined) throw damage;
  }

  /**
   * A generation that is there and usable; a damaged one is warned of.
   * @throws QconnError credential_exposed, passphrase_wrong
   */
  async readUsable(
    generation: Generation,
    onDamage?: (error: QconnError) => void,
  ): Promise<StoredGeneration | undefined> {
    try {
      return await this.read(generation);
    } catch (error) {
      if (!isQconnError(error, 'credential_damaged')) throw error;
      this.#warn?.(`The ${generation} credential in ${this.#folder.path} is damaged.`, error);
      onDamage?.(error);
      return undefined;
    }
  }

  /**
   * A generation, if it is there.
   * @throws QconnError credential_damaged, credential_exposed, passphrase_wrong
   */
  async read(generation: Generation): Promise<StoredGeneration | undefined> {
    const text = await this.#folder.read(GENERATION_FILES[generation], CREDENTIAL_FILE_MAX_BYTES);
    return text === undefined
      ? undefined
      : { generation, text, credential: await parseCredential(text, this.#protection) };
  }
}
