import { closeSync, openSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { QconnError } from '@qconn/protocol';

/**
 * A file that lines are appended to, each at once. Opened again by {@link SecurityFile.reopen}, after whoever rotates
 * logs has moved it away.
 */
export class SecurityFile extends Writable {
  readonly #path: string;
  readonly #onFailure: (error: unknown) => void;
  #file: number;
  #failing = false;

  /**
   * @param onFailure told when lines are lost, such as by a full disk; once until one is written again
   * @throws QconnError `config_invalid` when the file cannot be opened
   */
  constructor(path: string, onFailure: (error: unknown) => void) {
    super({ decodeStrings: false });
    this.#path = path;
    this.#onFailure = onFailure;
    this.#file = this.#open();
  }

  override _write(line: string | Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    try {
      writeSync(this.#file, Buffer.from(line as string));
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#onFailure(error);
      this.#failing = true;
    }
    done();
  }

  /** Opens the path anew. When that fails, lines go where they went before. */
  reopen(): void {
    try {
      const file = this.#open();
      closeSync(this.#file);
      this.#file = file;
    } catch (error) {
      this.#onFailure(error);
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    closeSync(this.#file);
    done(error);
  }

  #open(): number {
    try {
      return openSync(this.#path, 'a', 0o640);
    } catch (cause) {
      throw new QconnError('config_invalid', `The security log ${this.#path} cannot be written.`, { cause });
    }
  }
}
