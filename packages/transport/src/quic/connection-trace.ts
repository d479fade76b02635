import type { Clock } from '@qconn/clock';
import type { CloseInfo, SocketAddress } from '../connection.ts';
import type { NativeConnection } from './native.ts';
import { statsOf } from './stats.ts';

/** How often a busy connection's measurements are written, in milliseconds. */
const METRICS_MS = 100;

/** Text that is gathered before it is written. */
const BUFFER_CHARACTERS: number = 64 * 1024;

/** What a trace is made from. */
export interface TraceParts {
  readonly native: NativeConnection;
  readonly role: 'client' | 'server';
  /** This side's first connection id, hex. */
  readonly id: string;
  readonly remote: SocketAddress;
  readonly clock: Clock;
  readonly write: (text: string) => void;
}

/**
 * What happens to a connection, as records of JSON text sequences (RFC 7464) with the names of qlog
 * (draft-ietf-quic-qlog-main-schema). Datagrams appear with their size: what is in them only the engine knows.
 */
export class ConnectionTrace {
  readonly #parts: TraceParts;
  readonly #begun: number;
  #metricsAt: number;
  #text = '';
  #over = false;

  constructor(parts: TraceParts) {
    this.#parts = parts;
    this.#begun = parts.clock.monotonic();
    this.#metricsAt = this.#begun + METRICS_MS;
    const { role, id, remote, clock } = parts;
    this.#record({
      qlog_version: '0.4',
      qlog_format: 'JSON-SEQ',
      trace: {
        vantage_point: { type: role },
        common_fields: { group_id: id, reference_time: clock.now(), time_format: 'relative' },
      },
    });
    this.#event('connectivity:connection_started', { dst_ip: remote.host, dst_port: remote.port });
  }

  sent(bytes: number): void {
    this.#event('transport:datagrams_sent', { count: 1, raw: [{ length: bytes }] });
  }

  received(bytes: number): void {
    this.#event('transport:datagrams_received', { count: 1, raw: [{ length: bytes }] });
    if (this.#parts.clock.monotonic() >= this.#metricsAt) this.#metrics();
  }

  established(alpn: string): void {
    const { native } = this.#parts;
    this.#event('transport:alpn_information', { chosen_alpn: alpn });
    this.#event('connectivity:connection_state_updated', { new: 'handshake_complete', resumed: native.isResumed() });
  }

  /** The end; what the engine still sends to make it known is left out. */
  closed({ by, error }: CloseInfo): void {
    this.#metrics();
    this.#event('connectivity:connection_closed', { owner: by === 'peer' ? 'remote' : 'local', by, code: error.code });
    this.#flush();
    this.#over = true;
  }

  #metrics(): void {
    this.#metricsAt = this.#parts.clock.monotonic() + METRICS_MS;
    const { rttMs, congestionWindow, packetsSent, packetsLost } = statsOf(this.#parts.native, 0);
    const data = { smoothed_rtt: rttMs, congestion_window: congestionWindow, packets_sent: packetsSent };
    this.#event('recovery:metrics_updated', { ...data, packets_lost: packetsLost });
  }

  #event(name: string, data: Record<string, unknown>): void {
    this.#record({ time: Number((this.#parts.clock.monotonic() - this.#begun).toFixed(3)), name, data });
  }

  #record(record: Record<string, unknown>): void {
    if (this.#over) return;
    this.#text += `\u001E${JSON.stringify(record)}\n`;
    if (this.#text.length >= BUFFER_CHARACTERS) this.#flush();
  }

  #flush(): void {
    const text = this.#text;
    this.#text = '';
    this.#parts.write(text);
  }
}
