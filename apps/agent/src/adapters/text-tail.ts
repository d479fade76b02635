/** The last characters of a text of any length, on one line, fit for a log or a reason. */
export class TextTail {
  readonly #characters: number;
  #bytes: Buffer = Buffer.alloc(0);
  #cut = false;

  constructor(characters: number) {
    this.#characters = characters;
  }

  push(chunk: Uint8Array): void {
    const all = Buffer.concat([this.#bytes, chunk.subarray(-this.#characters)]);
    this.#cut ||= chunk.length > this.#characters || all.length > this.#characters;
    this.#bytes = all.subarray(-this.#characters);
  }

  get text(): string {
    const line = this.#bytes
      .toString('utf8')
      .replaceAll(/[\p{Cc}\s]+/gu, ' ')
      .trim();
    return this.#cut && line !== '' ? `… ${line}` : line;
  }
}
