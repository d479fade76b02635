import { checkDer } from './check.ts';
import { DerError } from './der-error.ts';
import { valueAt, type DerValue } from './value.ts';

/** Reads the values of one constructed value in order. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }

  next(what: string): DerValue {
    if (this.done) throw new DerError(`${what} is missing`);
    const value = valueAt(this.#bytes, this.#offset);
    this.#offset += value.raw.length;
    return value;
  }

  /** @throws DerError unless the next value has this tag. */
  expect(tag: number, what: string): DerValue {
    const value = this.next(what);
    if (value.tag !== tag) throw new DerError(`${what} has tag 0x${value.tag.toString(16)}, not 0x${tag.toString(16)}`);
    return value;
  }

  /** The next value if it has this tag. */
  optional(tag: number, what: string): DerValue | undefined {
    return !this.done && this.#bytes[this.#offset] === tag ? this.next(what) : undefined;
  }

  /** A reader over the contents of the next value, which has this tag. */
  enter(tag: number, what: string): DerReader {
    return new DerReader(this.expect(tag, what).content);
  }

  /** @throws DerError if anything is left. */
  end(what: string): void {
    if (!this.done) throw new DerError(`${what} has something after its end`);
  }
}

/**
 * A reader over one value that has been checked to be DER throughout, with nothing behind it.
 * @throws DerError
 */
export function readDer(bytes: Uint8Array): DerReader {
  checkDer(bytes);
  return new DerReader(bytes);
}
