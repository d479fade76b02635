/** Every path of QUIC carries datagrams of this size (RFC 9000, section 14). */
export const BASE_BYTES = 1_200;

/** Losses noticed by timeout, within the time below, that condemn the larger size. */
const SUSPICIONS_MAX = 3;
const SUSPICION_MS = 10_000;

/**
 * How large the datagrams of one path are: the base size until the path is validated, then what the
 * interface carries, and the base size for good once the larger one seems to be lost on the way. Pure.
 */
export class PacketSize {
  readonly #target: number;
  #current = BASE_BYTES;
  #condemned = false;
  #largeSent = false;
  #suspicions: number[] = [];

  /** @param target bytes of payload that the interface carries */
  constructor(target: number) {
    this.#target = target;
  }

  get current(): number {
    return this.#current;
  }

  /** The peer has answered from where it claims to be. */
  validated(): void {
    if (!this.#condemned) this.#current = Math.max(BASE_BYTES, this.#target);
  }

  /** A path that has not been validated yet, or another interface. */
  moved(): void {
    this.#current = BASE_BYTES;
    this.#condemned = false;
    this.#suspicions = [];
  }

  sent(bytes: number): void {
    if (bytes > BASE_BYTES) this.#largeSent = true;
  }

  /** The system says that a datagram is too large for the interface (`EMSGSIZE`). */
  tooLarge(): void {
    this.#condemned = true;
    this.#current = BASE_BYTES;
  }

  /** A timeout of loss detection: were large datagrams under way, they are under suspicion. */
  timedOut(now: number): void {
    if (!this.#largeSent) return;
    this.#largeSent = false;
    this.#suspicions = this.#suspicions.filter((at) => now - at < SUSPICION_MS);
    this.#suspicions.push(now);
    if (this.#suspicions.length >= SUSPICIONS_MAX) this.tooLarge();
  }
}
