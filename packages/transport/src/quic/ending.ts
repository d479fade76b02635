import type { Clock } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';
import { boundedReason } from '../close-code.ts';
import type { CloseInfo } from '../connection.ts';
import { closeInfoOf } from './close-info.ts';
import type { Liveness } from './liveness.ts';
import type { NativeConnection } from './native.ts';

/** After this long a closing connection is forgotten, whatever the engine thinks of it, in milliseconds. */
const CLOSING_MS = 3_000;

/** INTERNAL_ERROR (RFC 9000, section 20.1). */
const INTERNAL_ERROR = 0x1;

/** How a close is told to the peer: as a code of the application or of QUIC itself. */
export interface Told {
  readonly application: boolean;
  readonly code: number;
  readonly reason: string;
}

/** What an ending works with. */
export interface EndingParts {
  readonly role: 'client' | 'server';
  readonly native: NativeConnection;
  readonly clock: Clock;
  readonly liveness: Liveness;
  /** Sends what has been written, as far as the peer and the network take it at once. */
  readonly sendRest: () => void;
  /** Told of the end once it is decided, before whoever waits for it. */
  readonly ended: (info: CloseInfo) => void;
}

/** The end of a connection: decided once, told to the peer, and over when the engine has drained. */
export class Ending {
  readonly closed: Promise<CloseInfo>;
  readonly #parts: EndingParts;
  readonly #resolve: (info: CloseInfo) => void;
  #info: CloseInfo | undefined;
  #leaveBy = Number.POSITIVE_INFINITY;
  #untold: Told | undefined;
  /** Whether something has happened after which the engine may be done. */
  #mayBeOver = true;

  constructor(parts: EndingParts) {
    this.#parts = parts;
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

  /** @throws QconnError `closed` once it has ended */
  assertOpen(): void {
    if (this.#info === undefined) return;
    throw new QconnError('closed', 'The connection has ended.', { cause: this.#info.error });
  }

  /** Ends the connection. What has been written leaves before the peer is told. */
  close(info: CloseInfo, told: Told): void {
    if (this.#info !== undefined) return;
    this.guard(this.#parts.sendRest);
    if (this.#info !== undefined) return;
    // Until the handshake is confirmed (RFC 9001, section 4.1.2) the engine may be stuck with a probe of it and say nothing of a close.
    if (this.#parts.role === 'server' || !told.application || this.#parts.liveness.confirmed) this.#tell(told);
    else this.#untold = told;
    this.#decide(info);
  }

  /** Ends the connection for a fault of this side. */
  fail(error: QconnError): void {
    if (this.#info !== undefined) return;
    this.#tell({ application: false, code: INTERNAL_ERROR, reason: error.message });
    this.#decide({ by: 'transport', error });
  }

  /** A failure of the engine costs the connection that it happens to, not the turn of all the others. */
  guard(act: () => void): void {
    try {
      act();
    } catch (cause) {
      this.fail(new QconnError('internal', 'The QUIC engine failed.', { cause }));
    }
  }

  /** Tells the peer what was kept until the handshake would be confirmed. @returns whether there was anything */
  tellNow(): boolean {
    const told = this.#untold;
    if (told === undefined) return false;
    this.#untold = undefined;
    this.#tell(told);
    return true;
  }

  /** Has the engine asked whether it is done when {@link Ending.look} is called next. */
  mayBeOver(): void {
    this.#mayBeOver = true;
  }

  /**
   * Notices that the peer has closed, or the engine has: the latter shows only once its own close has been sent.
   * @returns whether nothing more is to come: the engine is silent once it drains, and stray packets are better answered with a stateless reset
   */
  look(now: number): boolean {
    const { native } = this.#parts;
    const over = this.#mayBeOver && (native.isDraining() || native.isClosed());
    this.#mayBeOver = this.#info !== undefined;
    if (over) this.notice();
    return over || now >= this.#leaveBy;
  }

  /** The engine is done with the connection: why, unless it has ended already, is what the engine says. */
  notice(): void {
    if (this.#info === undefined) this.#decide(closeInfoOf(this.#parts.native, this.#parts.liveness.condition));
  }

  #decide(info: CloseInfo): void {
    this.#info = info;
    this.#leaveBy = this.#parts.clock.monotonic() + CLOSING_MS;
    this.#mayBeOver = true;
    this.#parts.ended(info);
    this.#resolve(info);
  }

  #tell({ application, code, reason }: Told): void {
    this.#parts.native.close(application, code, boundedReason(reason));
  }
}
