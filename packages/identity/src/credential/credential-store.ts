import { isQconnError, QconnError } from '@qconn/protocol';
import { exportPrivateKeyPem, generateKeyPair, importPrivateKeyPem, type KeyPair } from '../keys.ts';
import { CREDENTIAL_FILE_MAX_BYTES } from '../limits.ts';
import { isSealed, seal, unseal } from '../sealed.ts';
import { inspectCredential, type Credential } from './credential.ts';
import { formatCredential, parseCredential, type Protection } from './credential-text.ts';
import { PrivateFolder, type FileOperations } from './private-folder.ts';

/** Generations, newest first, each a whole credential in a file of its own. */
const GENERATION_FILES = {
  /** Issued, not proven yet. */
  next: 'credential.next.json',
  current: 'credential.json',
  /** What `current` was before: the way back if the disk spoils it. */
  previous: 'credential.previous.json',
} as const;

/** The key of an enrolment that has not been answered yet. */
const ENROLMENT_KEY_FILE = 'enrolment-key.pem';

export type Generation = keyof typeof GENERATION_FILES;

export interface CredentialStoreOptions extends Protection {
  /** Told in a sentence of what is wrong but survivable, such as a damaged generation with a good one before it. */
  readonly warn?: (message: string, error: QconnError) => void;
  /** For tests that stop half way. */
  readonly fs?: FileOperations;
}

/**
 * A machine's credential on disk: a folder of mode 0700 with files of mode 0600.
 *
 * Renewal has two phases: `stage` writes the new credential beside the old one; it is used; `promote`
 * makes it the current one. A crash anywhere leaves a whole credential to load, and a failure removes
 * nothing.
 */
export class CredentialStore {
  readonly #folder: PrivateFolder;
  readonly #protection: Protection;
  readonly #warn: (message: string, error: QconnError) => void;
  #writes: Promise<unknown> = Promise.resolve();

  constructor(folder: string, { fs, warn, ...protection }: CredentialStoreOptions = {}) {
    this.#folder = new PrivateFolder(folder, fs);
    this.#protection = protection;
    this.#warn = warn ?? ((): void => undefined);
  }

  /**
   * The newest usable credential: a staged one if there is one, else the current one, else the one
   * before it.
   * @throws QconnError credential_missing, credential_damaged (none is usable), credential_exposed,
   *   passphrase_wrong
   */
  async load(): Promise<Credential> {
    const [newest] = await this.generations();
    if (newest === undefined)
      throw new QconnError('credential_missing', `There is no credential in ${this.#folder.path}.`);
    return newest.credential;
  }

  /**
   * Every usable credential, newest first. Empty when there is none at all.
   * @throws QconnError as {@link load}, but for credential_missing
   */
  async generations(): Promise<readonly { readonly generation: Generation; readonly credential: Credential }[]> {
    if (!(await this.#folder.check())) return [];
    const usable: { generation: Generation; credential: Credential }[] = [];
    const failures: QconnError[] = [];
    for (const generation of Object.keys(GENERATION_FILES) as Generation[]) {
      try {
        const credential = await this.#read(generation);
        if (credential !== undefined) usable.push({ generation, credential });
      } catch (error) {
        if (!isQconnError(error, 'credential_damaged')) throw error;
        failures.push(error);
        this.#warn(`The ${generation} credential in ${this.#folder.path} is damaged.`, error);
      }
    }
    if (usable.length === 0 && failures[0] !== undefined) throw failures[0];
    return usable;
  }

  /**
   * Writes a renewed credential beside the current one, durably.
   * @throws QconnError credential_damaged (not a usable credential; nothing is written), credential_exposed, credential_unwritable
   */
  async stage(credential: Credential): Promise<void> {
    await inspectCredential(credential);
    const text = await formatCredential(credential, this.#protection);
    await this.#inTurn(async () => {
      await this.#folder.prepare();
      await this.#folder.replace(GENERATION_FILES.next, text);
    });
  }

  /**
   * Makes the staged credential the current one, once it has been seen to work. Without a staged one,
   * nothing happens.
   * @throws QconnError credential_unwritable
   */
  async promote(): Promise<void> {
    await this.#inTurn(async () => {
      const { next, current, previous } = GENERATION_FILES;
      if ((await this.#folder.read(next, CREDENTIAL_FILE_MAX_BYTES)) === undefined) return;
      const old = await this.#folder.read(current, CREDENTIAL_FILE_MAX_BYTES);
      if (old !== undefined) await this.#folder.replace(previous, old);
      await this.#folder.rename(next, current);
      await this.#folder.remove(ENROLMENT_KEY_FILE);
    });
  }

  /** Stores the credential of a fresh enrolment: `stage` and `promote` in one. */
  async save(credential: Credential): Promise<void> {
    await this.stage(credential);
    await this.promote();
  }

  /**
   * The machine's key: the one of its credential, else the one of an unfinished enrolment, else a new
   * one, which is written before it is returned. So an enrolment whose answer was lost is repeated with
   * the same key, and the machine stays the same machine.
   * @throws QconnError as {@link load} and {@link stage}
   */
  async keyPair(): Promise<KeyPair> {
    const [newest] = await this.generations();
    if (newest !== undefined) return importPrivateKeyPem(newest.credential.privateKeyPem);
    return this.#inTurn(async () => {
      await this.#folder.prepare();
      const stored = await this.#folder.read(ENROLMENT_KEY_FILE, CREDENTIAL_FILE_MAX_BYTES);
      return stored === undefined ? this.#newEnrolmentKey() : importPrivateKeyPem(await this.#open(stored));
    });
  }

  async #newEnrolmentKey(): Promise<KeyPair> {
    const keys = await generateKeyPair();
    const pem = exportPrivateKeyPem(keys.privateKey);
    const { passphrase, cost } = this.#protection;
    const text = passphrase === undefined ? pem : await seal(pem, passphrase, cost === undefined ? {} : { cost });
    await this.#folder.replace(ENROLMENT_KEY_FILE, text);
    return keys;
  }

  async #read(generation: Generation): Promise<Credential | undefined> {
    const text = await this.#folder.read(GENERATION_FILES[generation], CREDENTIAL_FILE_MAX_BYTES);
    return text === undefined ? undefined : parseCredential(text, this.#protection);
  }

  async #open(text: string): Promise<string> {
    return isSealed(text) ? unseal(text, this.#protection.passphrase) : text;
  }

  /** Writes happen one after the other, so that two of them never share a temporary file. */
  async #inTurn<T>(write: () => Promise<T>): Promise<T> {
    const turn = this.#writes.then(write, write);
    this.#writes = turn.catch(() => undefined);
    return turn;
  }
}
