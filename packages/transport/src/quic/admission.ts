/** How many strangers an endpoint deals with. */
export interface AdmissionLimits {
  /** Connections in all, handshakes included. */
  readonly maxConnections: number;
  /** Connections of one source (source-address.ts), handshakes included. */
  readonly maxConnectionsPerSource: number;
  /** Handshakes under way at once; past it first packets are dropped, and clients send them again. */
  readonly maxHandshakes: number;
  /** Handshakes under way of one source. */
  readonly maxHandshakesPerSource: number;
  /** Handshakes under way from which on a client has to show first that it receives at its address. 0: always. */
  readonly retryFrom: number;
}

/** `retry`: have it prove its address first; `refuse`: tell it that there is no room; `drop`: say nothing. */
export type Verdict = 'accept' | 'retry' | 'refuse' | 'drop';

interface Source {
  connections: number;
  handshakes: number;
}

/** Counts connections and handshakes, in all and by source, and decides on the next. Pure. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #sources = new Map<string, Source>();
  #connections = 0;
  #handshakes = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** @param proven whether the stranger has shown that it receives at its address */
  verdict(from: string, proven: boolean): Verdict {
    const source = this.#sources.get(from);
    const busy = this.#handshakes >= this.#limits.retryFrom;
    if (this.#handshakes >= this.#limits.maxHandshakes) return 'drop';
    if ((source?.handshakes ?? 0) >= this.#limits.maxHandshakesPerSource) return 'drop';
    if (busy && !proven) return 'retry';
    const full =
      this.#connections >= this.#limits.maxConnections ||
      (source?.connections ?? 0) >= this.#limits.maxConnectionsPerSource;
    return full ? 'refuse' : 'accept';
  }

  /** A handshake has begun. */
  began(from: string): void {
    const source = this.#sources.get(from) ?? { connections: 0, handshakes: 0 };
    this.#sources.set(from, source);
    source.connections += 1;
    source.handshakes += 1;
    this.#connections += 1;
    this.#handshakes += 1;
  }

  /** A handshake is over, well or not. */
  shook(from: string): void {
    const source = this.#sources.get(from);
    if (source !== undefined) source.handshakes -= 1;
    this.#handshakes -= 1;
  }

  /** A connection is gone. */
  left(from: string): void {
    const source = this.#sources.get(from);
    if (source !== undefined) source.connections -= 1;
    if (source?.connections === 0) this.#sources.delete(from);
    this.#connections -= 1;
  }
}
