import { decode, encode, Tokenizer, Type, type DecodeOptions, type Token } from 'cborg';
import { QconnError } from '../errors.ts';
import { CONTROL_MAX_BYTES } from '../limits.ts';

/** Deepest nesting of a control map: a map of lists of maps of lists. */
const DEPTH_MAX = 4;

const STRICT: DecodeOptions = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
  retainStringBytes: true,
};

/** The library's own decoder puts U+FFFD where text is not UTF-8: two different names would become one. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Writes a control map as deterministic CBOR (RFC 8949, section 4.2). Fields that are `undefined` are left out.
 * @throws QconnError `too_large` over 16 KiB
 */
export function encodeControlMap(fields: Readonly<Record<string, unknown>>): Uint8Array {
  const bytes = encode(fields, { ignoreUndefinedProperties: true });
  if (bytes.length > CONTROL_MAX_BYTES)
    throw new QconnError(
      'too_large',
      `A control section has ${bytes.length} bytes; the limit is ${CONTROL_MAX_BYTES}.`,
    );
  return bytes;
}

/**
 * Reads a control map strictly: no duplicate keys, tags, big or broken numbers, indefinite lengths, trailing
 * bytes or text that is not UTF-8, at most four levels deep.
 * @param frame the frame's name, for error messages
 * @throws QconnError `bad_frame`
 */
export function decodeControlMap(bytes: Uint8Array, frame: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = decode(bytes, { ...STRICT, tokenizer: new StrictTokenizer(bytes) });
  } catch (cause) {
    throw new QconnError('bad_frame', `A ${frame} frame has a control section that is not strict CBOR.`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw new QconnError('bad_frame', `A ${frame} frame has a control section that is not a map.`);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Adds what the library lets through, and counts how deep it is, so that nested input cannot exhaust the stack. */
class StrictTokenizer extends Tokenizer {
  readonly #left: number[] = [];

  constructor(bytes: Uint8Array) {
    super(bytes, STRICT);
  }

  override next(): Token {
    const token = super.next();
    while (this.#left.at(-1) === 0) this.#left.pop();
    const last = this.#left.length - 1;
    if (last >= 0) (this.#left[last] as number)--;
    if (Type.equals(token.type, Type.float)) throw new Error('no frame of qconn/1 has a floating-point number');
    if (token.byteValue !== undefined) token.value = utf8.decode(token.byteValue);
    if (Type.equals(token.type, Type.array)) this.#descend(token.value as number);
    else if (Type.equals(token.type, Type.map)) this.#descend((token.value as number) * 2);
    return token;
  }

  #descend(items: number): void {
    if (this.#left.length >= DEPTH_MAX) throw new Error(`nested deeper than ${DEPTH_MAX}`);
    this.#left.push(items);
  }
}
