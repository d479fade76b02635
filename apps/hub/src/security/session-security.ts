import type { CloseInfo, FailedHandler, RefusedHandshake } from '@qconn/transport';
import type { MachineSession, SessionObserver } from '../session/machine-session.ts';
import type { SecurityLog } from './security-log.ts';

/** Tells the security log who connects, and who may not. */
export class SessionSecurity implements SessionObserver {
  readonly #security: SecurityLog;

  constructor(security: SecurityLog) {
    this.#security = security;
  }

  handshakeRefused({ remote: { host, port }, error }: RefusedHandshake): void {
    this.#security.tell({ event: 'handshake_refused', remote: host, port, code: error.code });
  }

  refused({ remote: { host, port }, error }: FailedHandler): void {
    this.#security.tell({ event: 'session_refused', remote: host, port, code: error.code });
  }

  began({ auth, connection }: MachineSession): void {
    const { host, port } = connection.remote;
    this.#security.tell({ event: 'session_authenticated', remote: host, port, actor: `machine:${auth.fingerprint}` });
  }

  ended(_session: MachineSession, _info: CloseInfo): void {
    // That somebody leaves is no matter of security.
  }
}
