/** Buffers in one ring. */
const SLOTS = 64;

/**
 * Buffers for outgoing datagrams, used in turn. The system copies a datagram when it is sent at once,
 * which is the rule. When a socket queues one instead, whoever sent it abandons the ring, which then
 * belongs to the queue.
 */
export class SendRing {
  readonly #slotBytes: number;
  #slots: Uint8Array[] = [];
  #next = 0;

  constructor(slotBytes: number) {
    this.#slotBytes = slotBytes;
  }

  /** A buffer that nobody reads any more. */
  next(): Uint8Array {
    if (this.#slots.length === 0) this.#renew();
    const slot = this.#slots[this.#next] as Uint8Array;
    this.#next = (this.#next + 1) % SLOTS;
    return slot;
  }

  /** Leaves every buffer to the system. */
  abandon(): void {
    this.#slots = [];
  }

  #renew(): void {
    const { buffer } = Buffer.allocUnsafeSlow(SLOTS * this.#slotBytes);
    this.#slots = Array.from(
      { length: SLOTS },
      (_, index) => new Uint8Array(buffer, index * this.#slotBytes, this.#slotBytes),
    );
    this.#next = 0;
  }
}
