import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { hasLongHeader } from './packet-header.ts';

/** The version whose Initial packets are read here, and the salt of their keys (RFC 9001, section 5.2). */
const QUIC_V1 = 1;
const INITIAL_SALT = Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex');

/** Frame types that a client's first packet has around its ClientHello (RFC 9000, section 19). */
const PADDING = 0x00;
const PING = 0x01;
const CRYPTO = 0x06;

const CLIENT_HELLO = 1;
/** The extension that names tickets; always the last (RFC 8446, section 4.2.11). */
const PRE_SHARED_KEY = 41;
/** Key name at the start of a ticket (RFC 5077, section 4). */
const KEY_NAME_BYTES = 16;

const SAMPLE_BYTES = 16;
const NONCE_BYTES = 12;
const HASH_BLOCK_BYTES = 64;
const HASH_BYTES = 32;

const CLIENT_IN = expandLabel('client in', HASH_BYTES);
const QUIC_KEY = expandLabel('quic key', 16);
const QUIC_IV = expandLabel('quic iv', NONCE_BYTES);
const QUIC_HP = expandLabel('quic hp', 16);

/**
 * The name of the key with which the ticket in a client's first datagram was made: tells which of two keys to take,
 * nothing more, so that neither the packet's tag nor the ticket is verified here; the engine does. Anybody can read it
 * who sees the packet.
 * @returns `undefined` when there is no ticket, or none in the first packet
 */
export function ticketKeyName(datagram: Buffer): Buffer | undefined {
  try {
    const hello = cryptoOf(new Reader(initialPayload(datagram)));
    return hello && keyNameOf(new Reader(hello));
  } catch (cause) {
    if (cause instanceof RangeError) return undefined;
    throw cause;
  }
}

/** Bytes from the front on. Past the end they throw a RangeError. */
class Reader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  uint(bytes: number): number {
    this.at += bytes;
    return this.#bytes.readUIntBE(this.at - bytes, bytes);
  }

  /** RFC 9000, section 16. Lengths of a packet have 14 bits and fewer; longer encodings of them are read too. */
  varint(): number {
    const first = this.uint(1);
    let value = first & 0x3f;
    for (let more = (1 << (first >> 6)) - 1; more > 0; more -= 1) value = value * 256 + this.uint(1);
    return value;
  }

  take(length: number): Buffer {
    if (length > this.left) throw new RangeError('The packet ends early.');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}

/** Takes the protection off an Initial packet of a client (RFC 9001, section 5). */
function initialPayload(datagram: Buffer): Buffer {
  if (!hasLongHeader(datagram)) throw new RangeError('This is no Initial packet.');
  const reader = new Reader(datagram);
  const first = reader.uint(1);
  if (reader.uint(4) !== QUIC_V1) throw new RangeError('This is another version.');
  const { key, iv, hp } = clientKeys(reader.take(reader.uint(1)));
  reader.take(reader.uint(1));
  reader.take(reader.varint());
  const body = reader.take(reader.varint());
  const mask = createCipheriv('aes-128-ecb', hp, null).update(new Reader(body).take(4 + SAMPLE_BYTES).subarray(4));
  const numberBytes = ((first ^ (mask[0] as number)) & 0x03) + 1;
  // The cipher's counter block: nonce, which is the IV with the packet number added bitwise, and a count from 2 on.
  const block = Buffer.alloc(SAMPLE_BYTES);
  iv.copy(block);
  for (let index = 0; index < numberBytes; index += 1) {
    const place = NONCE_BYTES - numberBytes + index;
    block[place] = (block[place] as number) ^ (body[index] as number) ^ (mask[index + 1] as number);
  }
  block[SAMPLE_BYTES - 1] = 2;
  return createDecipheriv('aes-128-ctr', key, block).update(body.subarray(numberBytes));
}

/** Keys as objects: given bytes, Node takes four times as long for a cipher. */
function clientKeys(destinationId: Buffer): { key: KeyObject; iv: Buffer; hp: KeyObject } {
  const secret = hmac(INITIAL_SALT, destinationId);
  const client = hmac(secret, CLIENT_IN);
  return {
    key: createSecretKey(hmac(client, QUIC_KEY).subarray(0, 16)),
    iv: hmac(client, QUIC_IV).subarray(0, NONCE_BYTES),
    hp: createSecretKey(hmac(client, QUIC_HP).subarray(0, 16)),
  };
}

/** What HKDF-Expand-Label hashes of an empty context (RFC 8446, section 7.1); one round is enough for these lengths. */
function expandLabel(label: string, length: number): Buffer {
  const full = `tls13 ${label}`;
  return Buffer.from([length >> 8, length & 0xff, full.length, ...Buffer.from(full), 0, 1]);
}

/**
 * HMAC of SHA-256 (RFC 2104). Node's own takes five times as long, most of it for an object of the key, and these keys
 * are none that have to be kept: they follow from the packet.
 */
function hmac(key: Buffer, message: Buffer): Buffer {
  const inner = Buffer.alloc(HASH_BLOCK_BYTES + message.length, 0x36);
  const outer = Buffer.alloc(HASH_BLOCK_BYTES + HASH_BYTES, 0x5c);
  for (let index = 0; index < key.length; index += 1) {
    inner[index] = (key[index] as number) ^ 0x36;
    outer[index] = (key[index] as number) ^ 0x5c;
  }
  message.copy(inner, HASH_BLOCK_BYTES);
  hash('sha256', inner, 'buffer').copy(outer, HASH_BLOCK_BYTES);
  return hash('sha256', outer, 'buffer');
}

/** The beginning of the TLS messages, as far as the first frame of them carries it. */
function cryptoOf(frames: Reader): Buffer | undefined {
  for (let type = frames.uint(1); ; type = frames.uint(1)) {
    if (type === PADDING || type === PING) continue;
    if (type !== CRYPTO || frames.varint() !== 0) return undefined;
    return frames.take(Math.min(frames.varint(), frames.left));
  }
}

/** RFC 8446, section 4.1.2. */
function keyNameOf(hello: Reader): Buffer | undefined {
  if (hello.uint(1) !== CLIENT_HELLO) return undefined;
  hello.take(3 + 2 + 32);
  hello.take(hello.uint(1));
  hello.take(hello.uint(2));
  hello.take(hello.uint(1));
  hello.take(2);
  while (hello.left > 0) {
    const type = hello.uint(2);
    const length = hello.uint(2);
    if (type === PRE_SHARED_KEY) {
      hello.take(2 + 2);
      return hello.take(KEY_NAME_BYTES);
    }
    hello.take(length);
  }
  return undefined;
}
