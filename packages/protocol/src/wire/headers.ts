import { QconnError } from '../errors.ts';
import { HEADER_BLOCK_MAX_BYTES } from '../limits.ts';
import { readU16 } from './frame.ts';

/** Headers of a message: lower-case names, text values. The hub passes them on unread. */
export type Headers = Readonly<Record<string, string>>;

const NAME = /^[a-z0-9][a-z0-9-]*$/;
const NAME_MAX_BYTES = 64;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder();
const EMPTY_BLOCK = new Uint8Array(0);
const EMPTY_HEADERS: Headers = Object.freeze({});

/**
 * Packs headers into a block: for each a length byte and the name, then two length bytes and the value in UTF-8.
 * @throws QconnError `invalid_request` for what is no header, `too_large` over 8 KiB
 */
export function encodeHeaders(headers: Headers): Uint8Array {
  // Programs are written in JavaScript too, and the entries of a text are its letters.
  if (typeof headers !== 'object' || headers === null)
    throw new QconnError('invalid_request', `The headers are an object of names and texts, not ${typeof headers}.`);
  const entries = Object.entries(headers);
  if (entries.length === 0) return EMPTY_BLOCK;
  const parts = entries.map(([name, value]) => encodeHeader(name, value));
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  if (bytes > HEADER_BLOCK_MAX_BYTES)
    throw new QconnError('too_large', `The headers have ${bytes} bytes; the limit is ${HEADER_BLOCK_MAX_BYTES}.`);
  const block = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    block.set(part, at);
    at += part.length;
  }
  return block;
}

/**
 * Unpacks a header block.
 * @throws QconnError `bad_frame` for anything that {@link encodeHeaders} would not have written, such as a repeated name
 */
export function decodeHeaders(block: Uint8Array): Headers {
  if (block.length === 0) return EMPTY_HEADERS;
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  let at = 0;
  while (at < block.length) {
    const nameEnd = at + 1 + (block[at] as number);
    if (nameEnd + 2 > block.length) throw malformed('ends inside a name');
    const valueEnd = nameEnd + 2 + readU16(block, nameEnd);
    if (valueEnd > block.length) throw malformed('ends inside a value');
    const name = text(block.subarray(at + 1, nameEnd));
    if (!NAME.test(name) || name.length > NAME_MAX_BYTES) throw malformed('has a malformed name');
    if (name in headers) throw malformed(`repeats “${name}”`);
    headers[name] = text(block.subarray(nameEnd + 2, valueEnd));
    at = valueEnd;
  }
  return headers;
}

/**
 * One header's value, without unpacking the others: for whoever passes a block on unread and wants to know one thing.
 * @returns `undefined` where it is not there, and for a malformed block
 */
export function headerIn(block: Uint8Array, name: string): string | undefined {
  for (let at = 0; at < block.length;) {
    const nameEnd = at + 1 + (block[at] as number);
    if (nameEnd + 2 > block.length) return undefined;
    const valueEnd = nameEnd + 2 + readU16(block, nameEnd);
    if (valueEnd > block.length) return undefined;
    if (isName(block, at + 1, nameEnd, name)) return lenient.decode(block.subarray(nameEnd + 2, valueEnd));
    at = valueEnd;
  }
  return undefined;
}

function isName(block: Uint8Array, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false;
  for (let at = 0; at < name.length; at += 1) if (block[start + at] !== name.charCodeAt(at)) return false;
  return true;
}

function encodeHeader(name: string, value: string): Uint8Array {
  if (!NAME.test(name) || name.length > NAME_MAX_BYTES)
    throw new QconnError(
      'invalid_request',
      `${JSON.stringify(name.slice(0, 40))} is no header’s name: that is ${NAME_MAX_BYTES} lower-case letters, digits and hyphens at most.`,
    );
  if (typeof value !== 'string')
    throw new QconnError('invalid_request', `The header “${name}” has to be text, not ${typeof value}.`);
  if (value.length > HEADER_BLOCK_MAX_BYTES)
    throw new QconnError('too_large', `The header “${name}” has over ${HEADER_BLOCK_MAX_BYTES} bytes.`);
  const bytes = encoder.encode(value);
  const part = new Uint8Array(1 + name.length + 2 + bytes.length);
  part[0] = name.length;
  part.set(encoder.encode(name), 1);
  part[1 + name.length] = bytes.length >>> 8;
  part[2 + name.length] = bytes.length;
  part.set(bytes, 3 + name.length);
  return part;
}

function text(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new QconnError('bad_frame', 'A header block has text that is not UTF-8.', { cause });
  }
}

function malformed(what: string): QconnError {
  return new QconnError('bad_frame', `A header block ${what}.`);
}
