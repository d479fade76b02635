import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import type { SocketAddress } from '../connection.ts';

/** How long a client has to come back with its token, in milliseconds. */
const TOKEN_LIFETIME_MS = 10_000;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const TIME_BYTES = 8;

/** What a token proves: that whoever holds it receives at the address to which it was sent. */
export interface RetryClaim {
  /** The id to which the client first sent. */
  readonly originalId: Uint8Array;
  /** The id that the Retry told it to send to. */
  readonly retryId: Uint8Array;
}

/**
 * Tokens of stateless Retry (RFC 9000, section 8.1.2): sealed with AES-256-GCM, bound to the client's
 * address and port, short-lived. The server keeps nothing.
 */
export class RetryTokens {
  readonly #key: KeyObject;

  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
  }

  seal({ originalId, retryId }: RetryClaim, remote: SocketAddress, now: number): Uint8Array {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(boundTo(remote));
    const time = Buffer.alloc(TIME_BYTES);
    time.writeDoubleBE(now);
    const body = Buffer.concat([time, Uint8Array.of(retryId.length), retryId, originalId]);
    return Buffer.concat([nonce, cipher.update(body), cipher.final(), cipher.getAuthTag()]);
  }

  /** What a token claims; `undefined` when it is not of this endpoint, for another address or too old. */
  open(token: Uint8Array, remote: SocketAddress, now: number): RetryClaim | undefined {
    const body = this.#unseal(token, remote);
    if (body === undefined || Math.abs(now - body.readDoubleBE(0)) > TOKEN_LIFETIME_MS) return undefined;
    const start = TIME_BYTES + 1;
    const end = start + (body[TIME_BYTES] ?? 0);
    return { retryId: body.subarray(start, end), originalId: body.subarray(end) };
  }

  #unseal(token: Uint8Array, remote: SocketAddress): Buffer | undefined {
    if (token.length <= NONCE_BYTES + TAG_BYTES + TIME_BYTES) return undefined;
    const sealed = token.subarray(NONCE_BYTES, token.length - TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, token.subarray(0, NONCE_BYTES));
    decipher.setAAD(boundTo(remote)).setAuthTag(token.subarray(token.length - TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(sealed), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}

function boundTo({ host, port }: SocketAddress): Buffer {
  return Buffer.from(`${host} ${port}`);
}
