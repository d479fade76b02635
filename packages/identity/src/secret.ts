import { createHash, timingSafeEqual } from 'node:crypto';

/** What a secret is for: it is also the prefix by which people and secret scanners know it. */
export type SecretKind = 'qt' | 'qb' | 'qk';

export interface SecretParts {
  /** Names the secret in the database; not secret. 8 bytes. */
  readonly id: Uint8Array;
  /** 16 bytes. */
  readonly secret: Uint8Array;
  /** SHA-256 of the public key of the hub's root CA, 32 bytes. API keys have none: their users know the root already. */
  readonly pin?: Uint8Array | undefined;
}

/**
 * A parsed secret: `qt` enrolment token, `qb` bootstrap secret, `qk` API key. Logging or serialising
 * it shows its kind, id and pin only.
 */
export class Secret implements SecretParts {
  readonly kind: SecretKind;
  readonly id: Uint8Array;
  readonly pin: Uint8Array | undefined;
  readonly #secret: Uint8Array;

  constructor(kind: SecretKind, parts: SecretParts) {
    this.kind = kind;
    this.id = parts.id;
    this.pin = parts.pin;
    this.#secret = parts.secret;
  }

  /** A getter, so that neither `JSON.stringify` nor a logger nor `util.inspect` meets it. */
  get secret(): Uint8Array {
    return this.#secret;
  }

  /** The id as 16 lower-case hex digits: the key of a database row, and what a log may name. */
  get idText(): string {
    return Buffer.from(this.id).toString('hex');
  }
}

/**
 * What is stored of a secret: its SHA-256. The secret is 128 random bits, so there is nothing to guess
 * from the hash, and salt or stretching would only cost time.
 */
export function hashSecret(secret: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(secret).digest());
}

/** Whether a secret is the one that was stored, in time that does not depend on where they differ. */
export function secretMatches(secret: Uint8Array, storedHash: Uint8Array): boolean {
  const hash = hashSecret(secret);
  return storedHash.length === hash.length && timingSafeEqual(hash, storedHash);
}
