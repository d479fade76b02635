/**
 * Gives every text a number, so that what is known about it is found by position, and two of them are compared
 * without reading either. Numbers are never taken back.
 */
class Numbering {
  readonly #numbers = new Map<string, number>();

  of(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}

/**
 * The numbers of role names and of labels. Snapshots that follow from one another share them; compiling a policy
 * anew starts afresh.
 */
export class Names {
  readonly #roles = new Numbering();
  readonly #labels = new Numbering();

  role(name: string): number {
    return this.#roles.of(name);
  }

  label(key: string, value: string): number {
    return this.#labels.of(`${key}\n${value}`);
  }
}
