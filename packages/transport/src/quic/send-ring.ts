/** Bytes of buffers that one ring holds, and the least number of them. */
const RING_BYTES: number = 256 * 1024;
const SLOTS_MIN = 16;

/**
 * Buffers for outgoing datagrams of one size, used in turn. The system copies a datagram when it is sent
 * at once, which is the rule. When a socket queues one instead, whoever sent it abandons the ring, which
 * then belongs to the queue.
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
    this.#next = this.#next + 1 === this.#slots.length ? 0 : this.#next + 1;
    return slot;
  }

  /** Leaves every buffer to the system. */
  abandon(): void {
    this.#slots = [];
  }

  #renew(): void {
    const count = Math.max(SLOTS_MIN, Math.floor(RING_BYTES / this.#slotBytes));
    const { buffer } = Buffer.allocUnsafeSlow(count * this.#slotBytes);
    this.#slots = Array.from(
      { length: count },
      (_, index) => new Uint8Array(buffer, index * this.#slotBytes, this.#slotBytes),
    );
    this.#next = 0;
  }
}

/** The rings of an endpoint, by the size of their datagrams: there are only a few sizes. */
export class SendRings {
  readonly #bySize = new Map<number, SendRing>();

  ofSize(bytes: number): SendRing {
    let ring = this.#bySize.get(bytes);
    if (ring === undefined) {
      ring = new SendRing(bytes);
      this.#bySize.set(bytes, ring);
    }
    return ring;
  }
}
