import type { Logger } from '@qconn/startup';
import type { FailedHandler, CloseInfo } from '@qconn/transport';
import type { Hello } from '@qconn/protocol';
import type { MachineSession, SessionObserver } from './machine-session.ts';

/** Writes one line for each thing that happens to a connection, with stable event names. */
export class SessionLog implements SessionObserver {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  handlerFailed({ kind, remote, alpn, error }: FailedHandler): void {
    this.#log.error(
      { event: 'handler_failed', kind, remote: `${remote.host}:${remote.port}`, alpn, err: error },
      'The handler of a connection failed.',
    );
  }

  refused(): void {
    // The security log has it.
  }

  began({ id, auth }: MachineSession, { agent }: Hello): void {
    const { fingerprint, hostname, status, remoteAddress, credentialSerial } = auth;
    this.#log.info(
      {
        event: 'session_began',
        session: id,
        machine: fingerprint,
        hostname,
        status,
        remote: remoteAddress,
        serial: credentialSerial,
        agent,
      },
      'A machine connected.',
    );
  }

  ended({ id, auth }: MachineSession, { by, error }: CloseInfo): void {
    const { fingerprint, hostname } = auth;
    const fields = { event: 'session_ended', session: id, machine: fingerprint, hostname, by, err: error };
    if (error.code === 'closed' || error.code === 'going_away') this.#log.info(fields, 'A machine disconnected.');
    else this.#log.warn(fields, 'A machine’s connection ended.');
  }

  callFailed({ id, auth }: MachineSession, call: string, fault: unknown): void {
    const { fingerprint, hostname } = auth;
    this.#log.error(
      { event: 'call_failed', session: id, machine: fingerprint, hostname, call, err: fault },
      'A call of a machine failed.',
    );
  }
}
