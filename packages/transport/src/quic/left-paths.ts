import type { Clock } from '@qconn/clock';
import type { SocketAddress } from '../connection.ts';
import type { DatagramSender, Path } from './datagram-sender.ts';
import type { NativeConnection } from './native.ts';
import type { PeerPorts } from './peer-port.ts';

/**
 * How long after a move the old path is challenged, in milliseconds. A packet with the old path's id that arrives while the
 * engine is still following its peer makes it end the connection (`InvalidState`); after this time nothing that the
 * network has reordered is still on its way.
 */
const SETTLE_MS = 100;

/** What challenging them takes. */
export interface LeftPathsParts {
  readonly clock: Clock;
  readonly native: NativeConnection;
  readonly sender: DatagramSender;
  readonly peer: PeerPorts;
}

/**
 * The paths that a connection has left, until it is known what was lost on them. The engine keeps apart what was sent on
 * each path, and declares something lost on a path only when something sent there later is acknowledged. On a path that
 * was left nothing is sent any more, so it would send the frames of the same two packets again and again, and those of the
 * others never. So each path that was left is challenged, over the one in use: the acknowledgement of the challenge shows
 * what did not arrive.
 */
export class LeftPaths {
  readonly #parts: LeftPathsParts;
  readonly #paths: Path[] = [];
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
