import type { EndpointSecrets } from './endpoint-secrets.ts';

/** How long new tickets are made with one key, in milliseconds: who steals it can read early data of that long. */
const EPOCH_MS = 86_400_000;

/** How long tickets of the key before are still taken, in milliseconds: of clients that were away at the change. */
const OVERLAP_MS = 21_600_000;

const KEY_NAME_BYTES = 16;

/** Which keys of session tickets are in force when. Hubs with the same secret agree. Pure: time is passed in. */
export class TicketKeys {
  readonly #secrets: EndpointSecrets;
  /** The key of the epoch before the one of now: deriving it for each handshake would cost a fiftieth of it. */
  #former: { readonly epoch: number; readonly name: Uint8Array } | undefined;

  constructor(secrets: EndpointSecrets) {
    this.#secrets = secrets;
  }

  /** The epoch whose key makes tickets. @param now milliseconds since 1970 */
  epoch(now: number): number {
    return Math.floor(now / EPOCH_MS);
  }

  /** The key of an epoch: name, HMAC key and AES key (RFC 5077, section 4). */
  key(epoch: number): Uint8Array {
    return this.#secrets.ticketKey(epoch);
  }

  /**
   * The epoch whose key a ticket needs: the one of now, or for a while the one before.
   * @param keyName tells what key the client's ticket was made with; asked only while it matters
   */
  epochOf(keyName: () => Uint8Array | undefined, now: number): number {
    const epoch = this.epoch(now);
    if (now - epoch * EPOCH_MS >= OVERLAP_MS) return epoch;
    const name = keyName();
    return name !== undefined && Buffer.compare(name, this.#nameOf(epoch - 1)) === 0 ? epoch - 1 : epoch;
  }

  #nameOf(epoch: number): Uint8Array {
    if (this.#former?.epoch !== epoch) this.#former = { epoch, name: this.key(epoch).subarray(0, KEY_NAME_BYTES) };
    return this.#former.name;
  }
}
