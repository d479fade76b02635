import type { Clock } from '@qconn/clock';
import type { SocketAddress } from '../connection.ts';
import type { DatagramSender } from './datagram-sender.ts';
import type { NativeConnection } from './native.ts';
import type { PeerPorts } from './peer-port.ts';

/**
 * How long a move has to be over, in milliseconds. The engine ends a connection (`InvalidState`) in which a packet with the id of the path that
 * was left comes in while it is about to follow its peer; nothing that its network reorders is so late.
 */
const SETTLE_MS = 100;

/** What the paths that were left are known by. */
export interface LeftPathsParts {
  readonly clock: Clock;
  readonly native: NativeConnection;
  readonly sender: DatagramSender;
  readonly peer: PeerPorts;
}

/**
 * The paths that a connection has left, until what was lost on them is known to be. The engine keeps apart what was sent on each
 * path, and finds that something is lost on one only when something that it sent there later is acknowledged: until then it sends the frames
 * of two packets again, always the same two, and those of the rest never. So each path that was left is challenged, over the
 * one in use, and the peer's acknowledgement of that shows what did not arrive.
 */
export class LeftPaths {
  readonly #parts: LeftPathsParts;
  readonly #paths: { readonly local: SocketAddress; readonly peer: SocketAddress }[] = [];
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(parts: LeftPathsParts) {
    this.#parts = parts;
  }

  /** Monotonic time at which to call {@link LeftPaths.challenge}. */
  get dueAt(): number {
    return this.#dueAt;
  }

  add(local: SocketAddress, peer: SocketAddress): void {
    this.#paths.push({ local, peer });
    this.#dueAt = this.#parts.clock.monotonic() + SETTLE_MS;
  }

  /** Challenges them once the path in use has been validated. @returns whether there is something to send */
  challenge(now: number): boolean {
    if (now < this.#dueAt) return false;
    const { native, sender, peer } = this.#parts;
    const { active } = peer;
    const here = sender.socket.address;
    if (!native.isPathValidated(here, active.known)) {
      this.#dueAt = now + SETTLE_MS;
      return false;
    }
    this.#dueAt = Number.POSITIVE_INFINITY;
    for (const left of this.#paths.splice(0)) {
      const there = peer.at(left.peer);
      if (there !== active) there.leave(active);
      else if (left.local.port === here.port) continue;
      try {
        native.probePath(left.local, left.peer);
      } catch {
        // The engine has let go of that path, and so of what was under way there.
      }
    }
    return true;
  }
}
