import type { Deadline } from '@qconn/clock';
import type { Sleeper } from './alarm.ts';
import type { ConnectionHost } from './connection-host.ts';
import { EngineTimeout } from './engine-timeout.ts';
import type { Ending } from './ending.ts';
import type { Handshake } from './handshake.ts';
import type { Liveness } from './liveness.ts';
import { lossesOf } from './stats.ts';
import type { Outflow } from './outflow.ts';
import type { QuicConnection } from './quic-connection.ts';
import type { Whereabouts } from './whereabouts.ts';

/** What a timetable is made from: all that has a time of its own. */
export interface TimetableParts {
  readonly connection: QuicConnection;
  readonly host: ConnectionHost;
  readonly liveness: Liveness;
  readonly handshake: Handshake;
  readonly outflow: Outflow;
  readonly whereabouts: Whereabouts;
  readonly ending: Ending;
}

/** When a connection has something to do though nothing comes. */
export class Timetable implements Sleeper {
  readonly #parts: TimetableParts;
  readonly #timeout: EngineTimeout;
  #deadline: Deadline<Sleeper> | undefined;
  /** Whether it is time to settle where the peer is. */
  #settles = false;
  #over = false;

  constructor(parts: TimetableParts) {
    this.#parts = parts;
    this.#timeout = new EngineTimeout(parts.connection.native);
  }

  onAlarm(now: number): void {
    if (this.#over) return;
    const { connection, host, liveness, handshake, outflow, whereabouts, ending } = this.#parts;
    if (liveness.handshakeLate(now)) connection.giveUpHandshake();
    if (liveness.takeKeepAlive(now)) {
      connection.native.sendAckEliciting();
      connection.sender.watch();
      liveness.asked(now);
      outflow.hurry();
    }
    handshake.repeat(now);
    if (now >= whereabouts.dueAt) this.#settles = true;
    if (this.#timeout.ring()) connection.sender.watch();
    if (now >= outflow.dueAt || this.#timeout.passed) outflow.hurry();
    // An alarm that has been overtaken: whatever it was set for has been done meanwhile.
    if (!outflow.urgent && !this.#settles && ending.info === undefined) return this.arm();
    ending.mayBeOver();
    host.wake(connection);
  }

  /**
   * Draws conclusions from silence, in the turn after the alarm, when all has been read that had come by then: whoever was kept from its
   * work has not heard what waits in its socket.
   */
  conclude(): void {
    if (this.#timeout.tell(this.#suspectSize)) this.#parts.ending.mayBeOver();
    if (!this.#settles) return;
    this.#settles = false;
    const { host, outflow, whereabouts } = this.#parts;
    if (whereabouts.settle(host.clock.monotonic())) outflow.hurry();
  }

  /** Has the alarm set for whatever is due first. */
  arm(): void {
    const { host, liveness, handshake, outflow, whereabouts, ending } = this.#parts;
    const now = host.clock.monotonic();
    const ownAt = Math.min(liveness.dueAt, outflow.dueAt, ending.leaveBy);
    const moveAt = Math.min(handshake.dueAt, whereabouts.dueAt);
    const at = Math.max(now + 1, Math.min(this.#timeout.at(now), ownAt, moveAt));
    if (at !== Number.POSITIVE_INFINITY) this.#deadline = host.alarm.wakeBy(this.#deadline, at, this);
  }

  /** The connection is over. */
  cancel(): void {
    this.#over = true;
    this.#parts.host.alarm.cancel(this.#deadline);
  }

  readonly #suspectSize = (): void => {
    const { connection, host } = this.#parts;
    connection.sender.size.timedOut(host.clock.monotonic(), () => lossesOf(connection.native));
  };
}
