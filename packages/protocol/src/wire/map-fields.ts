import { QconnError } from '../errors.ts';
import { decodeControlMap } from './control-map.ts';

/** Reads the fields of a decoded control map one by one; whatever is missing or of the wrong kind is a `bad_frame`. */
export class MapFields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #frame: string;

  constructor(fields: Readonly<Record<string, unknown>>, frame: string) {
    this.#fields = fields;
    this.#frame = frame;
  }

  /** Decodes a control section. @throws QconnError `bad_frame` */
  static of(control: Uint8Array, frame: string): MapFields {
    return new MapFields(decodeControlMap(control, frame), frame);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#fields, name);
  }

  text(name: string, maxLength: number): string {
    const value = this.#value(name);
    if (typeof value !== 'string' || value.length > maxLength)
      throw this.bad(`“${name}”: text of at most ${maxLength} characters`);
    return value;
  }

  optionalText(name: string, maxLength: number): string | undefined {
    return this.has(name) ? this.text(name, maxLength) : undefined;
  }

  /** One of the given words. */
  word<const W extends string>(name: string, words: readonly W[]): W {
    const value = this.#value(name);
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw this.bad(`“${name}”: one of ${words.join(', ')}`);
    return word;
  }

  optionalWord<const W extends string>(name: string, words: readonly W[]): W | undefined {
    return this.has(name) ? this.word(name, words) : undefined;
  }

  integer(name: string, min: number, max: number): number {
    const value = this.#value(name);
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max)
      throw this.bad(`“${name}”: an integer from ${min} to ${max}`);
    return value as number;
  }

  optionalInteger(name: string, min: number, max: number): number | undefined {
    return this.has(name) ? this.integer(name, min, max) : undefined;
  }

  flag(name: string): boolean {
    const value = this.#value(name);
    if (typeof value !== 'boolean') throw this.bad(`“${name}”: true or false`);
    return value;
  }

  /** A list of texts. */
  texts(name: string, maxItems: number, maxLength: number): string[] {
    return this.#list(name, maxItems).map((value) => {
      if (typeof value !== 'string' || value.length > maxLength)
        throw this.bad(`“${name}”: texts of at most ${maxLength} characters`);
      return value;
    });
  }

  /** A list of byte strings. */
  byteStrings(name: string, maxItems: number, maxLength: number): Uint8Array[] {
    return this.#list(name, maxItems).map((value) => {
      if (!(value instanceof Uint8Array) || value.length > maxLength)
        throw this.bad(`“${name}”: byte strings of at most ${maxLength} bytes`);
      return value;
    });
  }

  /** A list of maps. */
  maps(name: string, maxItems: number): MapFields[] {
    return this.#list(name, maxItems).map((value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
        throw this.bad(`“${name}”: maps`);
      return new MapFields(value as Readonly<Record<string, unknown>>, this.#frame);
    });
  }

  /** The error for a field. @param expected the field and what it has to be */
  bad(expected: string): QconnError {
    return new QconnError('bad_frame', `A ${this.#frame} frame needs ${expected}.`);
  }

  #list(name: string, maxItems: number): unknown[] {
    const value = this.#value(name);
    if (!Array.isArray(value) || value.length > maxItems) throw this.bad(`“${name}”: a list of at most ${maxItems}`);
    return value as unknown[];
  }

  /** Own fields only: what every object inherits is not in the frame. */
  #value(name: string): unknown {
    return this.has(name) ? this.#fields[name] : undefined;
  }
}

/** Refuses to write what a reader would not take. @throws QconnError `too_large` */
export function atMost(limit: number, count: number, what: string): void {
  if (count > limit) throw new QconnError('too_large', `${count} ${what} do not fit; the limit is ${limit}.`);
}
