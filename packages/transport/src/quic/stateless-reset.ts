import { randomBytes } from 'node:crypto';
import type { EndpointSecrets } from './endpoint-secrets.ts';
import { CONNECTION_ID_BYTES } from './packet-header.ts';

/**
 * A reset has to look like a packet of a connection, and be smaller than what it answers (RFC 9000, section 10.3): usually as
 * long as the first, and never shorter than the second. A keepalive is shorter than the first, and often the only thing
 * that a client of a restarted hub says.
 */
const RESET_BYTES = 42;
const RESET_MIN_BYTES = 21;

/** Resets a second: enough to send a restarted hub's clients away within seconds, too few to be of use to anybody else. */
const RESETS_PER_SECOND = 2_000;

/** Tells the peers of connections that this endpoint does not know that it does not know them. */
export class StatelessResets {
  readonly #secrets: EndpointSecrets;
  #second = 0;
  #sent = 0;

  constructor(secrets: EndpointSecrets) {
    this.#secrets = secrets;
  }

  /** What to answer to a packet with a short header of an unknown connection, if anything. @param now monotonic */
  answer(datagram: Uint8Array, now: number): Uint8Array | undefined {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) [this.#second, this.#sent] = [second, 0];
    const length = Math.min(RESET_BYTES, datagram.length - 1);
    if (length < RESET_MIN_BYTES || this.#sent >= RESETS_PER_SECOND) return undefined;
    this.#sent += 1;
    const token = this.#secrets.resetToken(datagram.subarray(1, 1 + CONNECTION_ID_BYTES));
    const reset = randomBytes(length);
    reset[0] = 0x40 | ((reset[0] ?? 0) & 0x3f);
    reset.set(token, length - token.length);
    return reset;
  }
}
