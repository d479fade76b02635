import type { ErrorCode } from '@qconn/protocol';
import type { CloseInfo, FailedHandler, RefusedHandshake } from '@qconn/transport';
import { Counter, type Registry } from 'prom-client';
import type { MachineSession, SessionObserver } from '../session/machine-session.ts';
import { Tally } from './tally.ts';

/** Who came, who was not let in, and how connections ended. */
export class SessionMetrics implements SessionObserver {
  readonly #handshakesRefused: Tally<ErrorCode>;
  readonly #refused: Tally<ErrorCode>;
  readonly #began: Counter;
  readonly #ended: Tally<ErrorCode>;

  constructor(registry: Registry) {
    this.#handshakesRefused = new Tally(registry, {
      name: 'qconn_handshakes_refused_total',
      help: 'QUIC handshakes that were refused, by error code',
      label: 'code',
      keys: ['certificate_required', 'certificate_untrusted', 'certificate_expired', 'handshake_timeout', 'no_alpn'],
    });
    this.#refused = new Tally(registry, {
      name: 'qconn_sessions_refused_total',
      help: 'Connections with a good certificate that were turned away, by error code',
      label: 'code',
      keys: ['unknown_machine', 'revoked', 'identity_unavailable', 'policy_stale'],
    });
    this.#began = new Counter({
      name: 'qconn_sessions_began_total',
      help: 'Sessions that began: machines that connected and were welcomed',
      registers: [registry],
    });
    this.#ended = new Tally(registry, {
      name: 'qconn_sessions_ended_total',
      help: 'Connections of known machines that ended, by error code; closed is an ordinary end',
      label: 'code',
      keys: ['closed', 'idle_timeout', 'revoked', 'superseded', 'policy_stale'],
    });
  }

  handshakeRefused({ error }: RefusedHandshake): void {
    this.#handshakesRefused.add(error.code);
  }

  refused({ error }: FailedHandler): void {
    this.#refused.add(error.code);
  }

  began(): void {
    this.#began.inc();
  }

  ended(_session: MachineSession, { error }: CloseInfo): void {
    this.#ended.add(error.code);
  }
}
