import type { NativeConnection } from './native.ts';

/** What the handshake tells of the peer, and who waits for its end. */
export class Introduction {
  readonly #native: NativeConnection;
  #alpn = '';
  #peerCertificates: readonly Uint8Array[] = [];
  #early = false;
  #acts: (() => void)[] = [];
  #onTicket: ((ticket: Uint8Array) => void) | undefined;

  constructor(native: NativeConnection, onTicket: ((ticket: Uint8Array) => void) | undefined) {
    this.#native = native;
    this.#onTicket = onTicket;
  }

  get alpn(): string {
    return this.#alpn;
  }

  get peerCertificates(): readonly Uint8Array[] {
    return this.#peerCertificates;
  }

  /** True when the connection has been served before its handshake had finished. */
  get early(): boolean {
    return this.#early;
  }

  /** True when the peer's ticket and early data have come, and its handshake has not finished yet. */
  get startsEarly(): boolean {
    return !this.#early && this.#native.isInEarlyData();
  }

  /** The ticket says who the peer is. */
  begin(): void {
    this.#early = true;
    this.#learnPeer();
  }

  /** The handshake has finished: runs what has waited for that. */
  finish(established: () => void): void {
    this.#learnPeer();
    established();
    const acts = this.#acts;
    this.#acts = [];
    for (const act of acts) act();
  }

  whenFinished(act: () => void): void {
    this.#acts.push(act);
  }

  /** Passes on the server's ticket, which comes some time after the handshake, or not at all. */
  takeTicket(): void {
    const onTicket = this.#onTicket;
    if (onTicket === undefined) return;
    const ticket = this.#native.session();
    if (ticket === null) return;
    this.#onTicket = undefined;
    onTicket(ticket);
  }

  #learnPeer(): void {
    this.#alpn = Buffer.from(this.#native.applicationProto()).toString();
    this.#peerCertificates = Object.freeze(this.#native.peerCertChain() ?? []);
  }
}
