import { Writable } from 'node:stream';

/** Most lines that are kept, and most characters: an agent's last hours, in a megabyte at most. */
const LINES_MAX = 2_000;
const CHARACTERS_MAX = 512 * 1024;

/** Passes a log's lines on to where it goes, and keeps the last ones for whoever asks. */
export class LogTail extends Writable {
  readonly #destination: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly #lines: string[] = [];
  readonly #readers = new Set<(line: string) => void>();
  #characters = 0;

  /** @param destination usually standard error */
  constructor(destination: NodeJS.WritableStream & { readonly isTTY?: boolean }) {
    super({ decodeStrings: false });
    this.#destination = destination;
  }

  get isTTY(): boolean {
    return this.#destination.isTTY === true;
  }

  /** The last lines, each with its line end. @param count at most so many */
  last(count: number): readonly string[] {
    return count <= 0 ? [] : this.#lines.slice(-count);
  }

  /** Tells of each line from now on. @returns a function that ends it */
  follow(reader: (line: string) => void): () => void {
    this.#readers.add(reader);
    return () => void this.#readers.delete(reader);
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    const line = chunk.toString();
    this.#destination.write(line);
    this.#lines.push(line);
    this.#characters += line.length;
    while (this.#lines.length > LINES_MAX || (this.#characters > CHARACTERS_MAX && this.#lines.length > 1))
      this.#characters -= (this.#lines.shift() as string).length;
    for (const reader of this.#readers) reader(line);
    done();
  }
}
