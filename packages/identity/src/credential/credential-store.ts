import { QconnError } from '@qconn/protocol';
import { exportPrivateKeyPem, generateKeyPair, importPrivateKeyPem, type KeyPair } from '../keys.ts';
import { CREDENTIAL_FILE_MAX_BYTES, TICKET_FILE_MAX_BYTES } from '../limits.ts';
import { isSealed, seal, unseal, unsealFromBefore } from '../sealed.ts';
import { inspectCredential, type Credential } from './credential.ts';
import { formatCredential, type Protection } from './credential-text.ts';
import { GENERATION_FILES, Generations, type StoredGeneration, type Warn } from './generations.ts';
import { PrivateFolder, type FileOperations } from './private-folder.ts';

/** The key of an enrolment that has not been answered yet. */
const ENROLMENT_KEY_FILE = 'enrolment-key.pem';

/** What shortens the next handshakes with the hubs. */
const TICKETS_FILE = 'session-tickets.json';

export interface CredentialStoreOptions extends Protection {
  /** Told in a sentence of what is wrong but survivable, such as a damaged generation with a good one before it. */
  readonly warn?: Warn;
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
  readonly #generations: Generations;
  #writes: Promise<unknown> = Promise.resolve();

  constructor(folder: string, { fs, warn, ...protection }: CredentialStoreOptions = {}) {
    this.#folder = new PrivateFolder(folder, fs);
    this.#protection = protection;
    this.#generations = new Generations(this.#folder, protection, warn);
  }

  /** The folder's path. */
  get folder(): string {
    return this.#folder.path;
  }

  /**
   * The newest usable credential: a staged one if there is one, else the current one, else the one
   * before it.
   * @throws QconnError credential_missing, credential_damaged (none is usable), credential_exposed,
   *   passphrase_wrong
   */
  async load(): Promise<Credential> {
    const newest = await this.#newest();
    if (newest === undefined)
      throw new QconnError('credential_missing', `There is no credential in ${this.#folder.path}.`);
    return newest;
  }

  /**
   * Every usable credential, newest first. Empty when there is none at all.
   * @throws QconnError as {@link load}, but for credential_missing
   */
  async generations(): Promise<readonly StoredGeneration[]> {
    const found: StoredGeneration[] = [];
    for await (const stored of this.#generations.usable()) found.push(stored);
    return found;
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
   * @throws QconnError credential_damaged (the staged one; the current one stays), credential_unwritable,
   *   credential_exposed, passphrase_wrong
   */
  async promote(): Promise<void> {
    await this.#inTurn(async () => {
      if ((await this.#generations.read('next')) === undefined) return;
      // What is damaged must not push out the last good one.
      const old = await this.#generations.readUsable('current');
      if (old !== undefined) await this.#folder.replace(GENERATION_FILES.previous, await this.#protected(old));
      await this.#folder.rename(GENERATION_FILES.next, GENERATION_FILES.current);
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
   * @param options.fresh passes the credential's key over, to become another machine; the credential stays until
   *   {@link save} replaces it
   * @throws QconnError as {@link load} and {@link stage}
   */
  async keyPair({ fresh = false }: { readonly fresh?: boolean } = {}): Promise<KeyPair> {
    const newest = fresh ? undefined : await this.#newest();
    if (newest !== undefined) return importPrivateKeyPem(newest.privateKeyPem);
    return this.#inTurn(async () => {
      await this.#folder.prepare();
      const stored = await this.#folder.read(ENROLMENT_KEY_FILE, CREDENTIAL_FILE_MAX_BYTES);
      return stored === undefined ? this.#newEnrolmentKey() : importPrivateKeyPem(await this.#open(stored));
    });
  }

  /**
   * The session tickets that were written last; `undefined` if there are none, or if a passphrase protects the
   * credential.
   * @throws QconnError credential_exposed, credential_damaged
   */
  async readTickets(): Promise<string | undefined> {
    if (this.#protection.passphrase !== undefined || !(await this.#folder.check())) return undefined;
    return this.#folder.read(TICKETS_FILE, TICKET_FILE_MAX_BYTES);
  }

  /**
   * Keeps session tickets beside the credential, as private as it. Who holds them is taken for the machine, so that
   * where a passphrase protects the credential nothing is written: to seal each of them would cost more than it spares.
   * @throws QconnError credential_exposed, credential_unwritable
   */
  async writeTickets(text: string): Promise<void> {
    if (this.#protection.passphrase !== undefined) return;
    await this.#inTurn(async () => {
      if (await this.#folder.check()) await this.#folder.replace(TICKETS_FILE, text);
    });
  }

  /**
   * Encrypts what lies here under this store's passphrase: every generation and the key of an unfinished enrolment,
   * damaged or not. Session tickets, which are not kept encrypted, go. A crash leaves each file whole; the same call again does the rest. Nobody else may use the folder meanwhile.
   * @param previous the passphrase before, when it changes
   * @returns the names of the files that were written
   * @throws QconnError passphrase_wrong before anything is written; credential_exposed, credential_damaged, credential_unwritable
   */
  async encrypt(previous?: string): Promise<readonly string[]> {
    const { passphrase } = this.#protection;
    if (passphrase === undefined) throw new QconnError('passphrase_wrong', 'There is no passphrase to encrypt with.');
    return this.#inTurn(async () => {
      const plain = new Map<string, string>();
      if (!(await this.#folder.check())) return [];
      for (const name of [...Object.values(GENERATION_FILES), ENROLMENT_KEY_FILE]) {
        const stored = await this.#folder.read(name, CREDENTIAL_FILE_MAX_BYTES);
        if (stored === undefined) continue;
        const { text, done } = await unsealFromBefore(stored, passphrase, previous);
        if (!done) plain.set(name, text);
      }
      for (const [name, text] of plain) await this.#folder.replace(name, await this.#seal(text, passphrase));
      await this.#folder.remove(TICKETS_FILE);
      return [...plain.keys()];
    });
  }

  async #newEnrolmentKey(): Promise<KeyPair> {
    const keys = await generateKeyPair();
    const pem = exportPrivateKeyPem(keys.privateKey);
    const { passphrase } = this.#protection;
    const text = passphrase === undefined ? pem : await this.#seal(pem, passphrase);
    await this.#folder.replace(ENROLMENT_KEY_FILE, text);
    return keys;
  }

  async #newest(): Promise<Credential | undefined> {
    for await (const { credential } of this.#generations.usable()) return credential;
    return undefined;
  }

  /** What was stored before there was a passphrase must not stay as it was. */
  async #protected({ text, credential }: StoredGeneration): Promise<string> {
    const asItIs = this.#protection.passphrase === undefined || isSealed(text);
    return asItIs ? text : formatCredential(credential, this.#protection);
  }

  async #seal(text: string, passphrase: string): Promise<string> {
    const { cost } = this.#protection;
    return seal(text, passphrase, cost === undefined ? {} : { cost });
  }

  async #open(text: string): Promise<string> {
    return isSealed(text) ? unseal(text, this.#protection.passphrase) : text;
  }

  /** Writes happen one after the other: one that promotes never meets one that stages half way. */
  async #inTurn<T>(write: () => Promise<T>): Promise<T> {
    const turn = this.#writes.then(write, write);
    this.#writes = turn.catch(() => undefined);
    return turn;
  }
}
