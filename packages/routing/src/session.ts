import { IdMap } from '@qconn/protocol';
import type { Exchange } from './exchange.ts';
import type { LiveDevice } from './live-device.ts';

/** What a session table is told of a new session. */
export interface SessionStart<S> {
  /** Unique among the sessions of this hub, and never used again. */
  readonly id: string;
  readonly fingerprint: string;
  /** Absent while no administrator has given the machine one. */
  readonly hostname?: string | undefined;
  /** What the hub keeps with it, such as its connection. */
  readonly value: S;
}

/** One live connection of one machine. Only the session table changes it. */
export class Session<S> {
  readonly id: string;
  readonly fingerprint: string;
  readonly value: S;
  hostname: string | undefined;
  /** By name. */
  readonly devices: Map<string, LiveDevice<S>> = new Map();
  /** Exchanges that it has sent, by its own numbers, and that it was sent, by the hub's. Only the exchange table changes them. */
  readonly sent: IdMap<Exchange<S, unknown>> = new IdMap();
  readonly received: IdMap<Exchange<S, unknown>> = new IdMap();

  constructor(start: SessionStart<S>) {
    this.id = start.id;
    this.fingerprint = start.fingerprint;
    this.value = start.value;
    this.hostname = start.hostname;
  }
}
