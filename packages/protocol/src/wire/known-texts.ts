/** Texts that are kept: more than a busy machine meets at once, and 1 MiB at most if all are of the greatest length. */
const PLACES = 4_096;

/** Longer texts are hardly names, and not looked for. */
const LENGTH_MAX = 128;

const decoder = new TextDecoder();

/** FNV-1a. */
const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * Names that have been read before. The same few service types, machines and devices stand in every frame. Finding the text
 * again is quicker than making it, leaves no garbage, and keeps the hash that maps look it up by. All bytes of a text are
 * compared, never their hash alone; where two texts share a place the later takes it.
 */
export class KnownTexts {
  readonly #places: string[] = Array.from({ length: PLACES }, () => '');

  /** Reads short ASCII; `undefined` for anything else. */
  read(bytes: Uint8Array, at: number, length: number): string | undefined {
    if (length === 0) return '';
    if (length > LENGTH_MAX) return undefined;
    const end = at + length;
    let hash = OFFSET_BASIS;
    for (let index = at; index < end; index += 1) {
      const unit = bytes[index] as number;
      if (unit > 0x7f) return undefined;
      hash = Math.imul(hash ^ unit, PRIME);
    }
    const place = (hash ^ (hash >>> 16)) & (PLACES - 1);
    const known = this.#places[place] as string;
    if (known.length === length && isText(known, bytes, at)) return known;
    const text = decoder.decode(bytes.subarray(at, end));
    this.#places[place] = text;
    return text;
  }
}

function isText(text: string, bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) !== bytes[at + index]) return false;
  return true;
}
