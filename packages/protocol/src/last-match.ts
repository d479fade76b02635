/** Whether texts fit a pattern. The same one often comes several times in a row, and is known to fit by then. */
export class LastMatch {
  readonly #pattern: RegExp;
  #text: string | undefined;

  constructor(pattern: RegExp) {
    this.#pattern = pattern;
  }

  test(text: string): boolean {
    if (text === this.#text) return true;
    const fits = this.#pattern.test(text);
    if (fits) this.#text = text;
    return fits;
  }
}
