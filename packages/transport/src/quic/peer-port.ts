import type { SocketAddress } from '../connection.ts';

/**
 * How long the old port has to be silent before the new one is believed, in milliseconds. An attacker who sends a copy of a
 * packet from elsewhere would have to be that far ahead of the packet itself; no network reorders by more.
 */
const SETTLE_MS = 50;

/** Bytes that a port that is not believed yet may be sent: for each byte that came from it, and to begin with (RFC 9000, section 8.1). */
const AMPLIFICATION = 3;
const FIRST_BYTES = 3_600;

/**
 * At which port of its host a peer is. A NAT that has forgotten a connection gives it another port of the same host. The
 * engine must not learn of that: it keeps apart what was sent to each address, and what was under way to an old one it
 * sends again too late, or never. So the engine is told one port for each host, and this class knows the true one. Pure:
 * time is passed in.
 *
 * A new port is believed once something new has come from it and nothing more from the old one. Until then both are sent
 * to, the new one little: a copy of a packet sent from another port diverts nothing, for the packet itself follows it.
 */
export class PeerPort {
  /** What the engine takes for the address. */
  readonly known: SocketAddress;
  #current: SocketAddress;
  #candidate: SocketAddress | undefined;
  #left: PeerPort | undefined;
  #allowance = 0;
  #settleAt = Number.POSITIVE_INFINITY;

  constructor(known: SocketAddress) {
    this.known = known;
    this.#current = known;
  }

  /** Whether the engine takes an address for this one. */
  isAt({ host, port }: SocketAddress): boolean {
    return this.known.port === port && this.known.host === host;
  }

  /** Where to send to. */
  get current(): SocketAddress {
    return this.#current;
  }

  /** Monotonic time at which to ask {@link PeerPort.settle}. */
  get dueAt(): number {
    return this.#settleAt;
  }

  /** A datagram has come from the port that counts: there is no doubt about it. */
  stays(): void {
    if (this.#candidate !== undefined) this.#doubt(undefined);
  }

  /** Something new of the peer's, none that came before, has come from another port. */
  heard(port: number, bytes: number, now: number): void {
    if (port !== this.#candidate?.port) {
      this.#doubt({ host: this.known.host, port });
      this.#settleAt = now + SETTLE_MS;
      this.#allowance = FIRST_BYTES;
    }
    this.#allowance += AMPLIFICATION * bytes;
  }

  /** The peer is somewhere else for good: what the engine still sends here goes there as well. */
  leave(to: PeerPort): void {
    this.#left = to;
  }

  /** The peer is here again. */
  return(): void {
    this.#left = undefined;
  }

  /** Where a copy of a datagram goes while it is in doubt where the peer is, or once it has left. */
  copyTo(bytes: number): SocketAddress | undefined {
    if (this.#left !== undefined) return this.#left.current;
    if (this.#candidate === undefined || this.#allowance < bytes) return undefined;
    this.#allowance -= bytes;
    return this.#candidate;
  }

  /** Believes in the new port once the old one has been silent for long enough. @returns whether it has */
  settle(now: number): boolean {
    if (this.#candidate === undefined || now < this.#settleAt) return false;
    this.#current = this.#candidate;
    this.#doubt(undefined);
    return true;
  }

  #doubt(candidate: SocketAddress | undefined): void {
    this.#candidate = candidate;
    this.#settleAt = Number.POSITIVE_INFINITY;
  }
}

/** Where the peer of a connection is and was. */
export class PeerPorts {
  /** The engine has eight of them at most. */
  readonly #all: PeerPort[] = [];
  #active: PeerPort;

  constructor(remote: SocketAddress) {
    this.#active = new PeerPort(remote);
    this.#all.push(this.#active);
  }

  /** The one that is in use. */
  get active(): PeerPort {
    return this.#active;
  }

  /** The engine has another path for the one in use. @returns what was in use before */
  moveTo(known: SocketAddress): PeerPort {
    const left = this.#active;
    this.#active = this.at(known);
    this.#active.return();
    return left;
  }

  /** What is known of an address from which something has come, or else of its host; none while the engine has no path to either. */
  of({ host, port }: SocketAddress): PeerPort | undefined {
    const active = this.#active;
    if (host === active.known.host && port === active.current.port) return active;
    const there = this.#all.filter(({ known }) => known.host === host);
    return there.find(({ current }) => current.port === port) ?? (there.includes(active) ? active : there.at(-1));
  }

  /** What is known of an address that the engine sends to. */
  at(known: SocketAddress): PeerPort {
    if (this.#active.isAt(known)) return this.#active;
    let port = this.#all.find((each) => each.isAt(known));
    if (port === undefined) {
      port = new PeerPort(known);
      this.#all.push(port);
    }
    return port;
  }
}
