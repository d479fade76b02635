import { QconnError } from '@qconn/protocol';
import type { ConnectionHost } from './connection-host.ts';
import { DelayedAck } from './delayed-ack.ts';
import type { Ending } from './ending.ts';
import type { Handshake } from './handshake.ts';
import type { Liveness } from './liveness.ts';
import type { QuicConnection } from './quic-connection.ts';
import { PACKET_BYTES } from './gathering.ts';
import type { StreamSet } from './stream-set.ts';
import type { Traffic } from './traffic.ts';

/** Datagrams that one connection may send in one turn before others have theirs. */
const DATAGRAMS_PER_TURN = 256;

/**
 * Datagrams that a closing connection may send at a time. The engine, told to close while a probe of
 * its handshake is due, makes packets without end and none of them says that it closes.
 */
const CLOSING_DATAGRAMS = 4;

/** What the outflow of a connection works with. */
export interface OutflowParts {
  /** Whose it is; its sender is there already. */
  readonly connection: QuicConnection;
  readonly host: ConnectionHost;
  readonly streams: StreamSet;
  readonly handshake: Handshake;
  readonly ending: Ending;
  readonly liveness: Liveness;
  readonly traffic: Traffic;
}

/** When a connection sends, and how much of it before others have their turn. */
export class Outflow {
  readonly #parts: OutflowParts;
  readonly #ack = new DelayedAck();
  /** Whether there is more to send than acknowledgements. */
  #urgent = true;

  constructor(parts: OutflowParts) {
    this.#parts = parts;
  }

  /** Monotonic time by which something has to leave. */
  get dueAt(): number {
    return Math.min(this.#ack.dueAt, this.#parts.streams.dueAt);
  }

  get urgent(): boolean {
    return this.#urgent;
  }

  /** A datagram has come, and has to be acknowledged in its time. */
  received(now: number): void {
    this.#ack.received(now);
  }

  /** Has the connection send when it is flushed next. */
  hurry(): void {
    this.#urgent = true;
  }

  /** Has it flushed in this turn, and send. */
  wake(): void {
    this.#urgent = true;
    this.#parts.host.wake(this.#parts.connection);
  }

  /** Sends what there is to send, if it is time to. */
  flush(): void {
    const { liveness, ending, streams } = this.#parts;
    if (this.#urgent || !liveness.established || this.#ack.full) ending.guard(this.send);
    streams.turnEnded();
  }

  /** Sends before the turn is over. What goes wrong does so again, or shows, when the turn sends. */
  sendEarly(): void {
    const { connection, liveness, ending } = this.#parts;
    if (!liveness.established || ending.info !== undefined || connection.sender.size.current < PACKET_BYTES) return;
    try {
      this.send();
    } catch {
      this.#urgent = true;
    }
  }

  readonly send = (): void => {
    const { connection, host, streams, handshake, ending, liveness, traffic } = this.#parts;
    this.#urgent = false;
    this.#ack.sent();
    if (streams.pump()) liveness.asked(host.clock.monotonic());
    const closing = ending.info !== undefined;
    const { flight } = handshake;
    const outcome = connection.sender.send(closing ? CLOSING_DATAGRAMS : DATAGRAMS_PER_TURN, flight);
    flight?.armAt(host.clock.monotonic());
    if (outcome === 'held') {
      this.#urgent = true;
      host.whenDrained(connection);
    }
    if (outcome === 'more' && !closing) {
      if (traffic.runaway) ending.fail(new QconnError('internal', 'The QUIC engine sends without end.'));
      this.wake();
    }
  };
}
