import { boundedReason } from '../close-code.ts';
import type { CloseInfo } from '../connection.ts';
import type { NativeConnection } from './native.ts';

/** After this long a closing connection is forgotten, whatever the engine thinks of it, in milliseconds. */
const CLOSING_MS = 3_000;

/** How a close is told to the peer: as a code of the application or of QUIC itself. */
export interface Told {
  readonly application: boolean;
  readonly code: number;
  readonly reason: string;
}

/** The end of a connection: decided once, told to the peer, and over when the engine has drained. */
export class Ending {
  readonly closed: Promise<CloseInfo>;
  readonly #native: NativeConnection;
  readonly #resolve: (info: CloseInfo) => void;
  #info: CloseInfo | undefined;
  #leaveBy = Number.POSITIVE_INFINITY;
  #untold: Told | undefined;

  constructor(native: NativeConnection) {
    this.#native = native;
    const { promise, resolve } = Promise.withResolvers<CloseInfo>();
    this.closed = promise;
    this.#resolve = resolve;
  }

  /** Why the connection has ended, once it has. */
  get info(): CloseInfo | undefined {
    return this.#info;
  }

  /** Monotonic time at which the connection is forgotten. */
  get leaveBy(): number {
    return this.#leaveBy;
  }

  /** Decides the end; whoever waits for it is told by {@link Ending.announce}. */
  decide(info: CloseInfo, now: number): void {
    this.#info = info;
    this.#leaveBy = now + CLOSING_MS;
  }

  announce(info: CloseInfo): void {
    this.#resolve(info);
  }

  /** Has the engine tell the peer. */
  tell({ application, code, reason }: Told): void {
    this.#native.close(application, code, boundedReason(reason));
  }

  /**
   * Keeps for later what the peer is to be told, until the handshake is confirmed (RFC 9001, section 4.1.2): until
   * then the engine may be stuck with a probe of the handshake and say nothing of a close.
   */
  tellLater(told: Told): void {
    this.#untold = told;
  }

  /** Tells the peer what was kept. @returns whether there was anything */
  tellNow(): boolean {
    const told = this.#untold;
    if (told === undefined) return false;
    this.#untold = undefined;
    this.tell(told);
    return true;
  }
}
