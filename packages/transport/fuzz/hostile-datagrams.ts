/** Makes datagrams that no honest peer would send, by chance that is passed in: the same chance makes the same choices. */
export class HostileDatagrams {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** A whole number in [0, below). */
  pick(below: number): number {
    return Math.floor(this.#random() * below);
  }

  /** Bytes of any kind: mostly as long as datagrams are, now and then as long as they can be. */
  noise(): Buffer {
    const length = this.pick(20) === 0 ? this.pick(65_000) : this.pick(1_500);
    const bytes = Buffer.allocUnsafe(length);
    for (let index = 0; index < length; index += 1) bytes[index] = this.pick(256);
    return bytes;
  }

  /** Noise behind a long header of QUIC v1 with plausible connection ids, so that it gets past the first look. */
  likeFirst(): Buffer {
    const bytes = Buffer.concat([this.noise().subarray(0, 1_400), Buffer.alloc(1_200)]);
    bytes.writeUInt32BE(this.pick(10) === 0 ? this.pick(0xffffffff) : 1, 1);
    bytes[0] = 0xc0 | this.pick(64);
    bytes[5] = this.pick(24);
    bytes[6 + (bytes[5] ?? 0)] = this.pick(24);
    return bytes;
  }

  /** Noise behind a short header with the connection id of somebody's packet. */
  likeLater(real: Uint8Array): Buffer {
    const bytes = this.noise();
    bytes.set(real.subarray(0, Math.min(9, bytes.length)));
    return bytes;
  }

  /** A real datagram with some of its bytes changed. */
  mutated(real: Uint8Array): Buffer {
    const bytes = Buffer.from(real);
    for (let changes = 1 + this.pick(8); changes > 0; changes -= 1) bytes[this.pick(bytes.length)] = this.pick(256);
    return bytes;
  }

  truncated(real: Uint8Array): Buffer {
    return Buffer.from(real.subarray(0, this.pick(real.length)));
  }

  /** The beginning of one real datagram with the end of another. */
  spliced(one: Uint8Array, other: Uint8Array): Buffer {
    return Buffer.concat([one.subarray(0, this.pick(one.length)), other.subarray(this.pick(other.length))]);
  }
}
