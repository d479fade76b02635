import { QconnError } from '@qconn/protocol';
import type { ConnectTarget } from '../endpoint.ts';
import type { QuicConnection } from './quic-connection.ts';
import { refusalOfResumed } from './resumed-peer.ts';
import { verifyServerName } from './server-name.ts';

/** TLS alert 42 as a QUIC transport error (RFC 9001, section 4.8). */
const BAD_CERTIFICATE = 0x12a;

/** A client's handshake from its start to its end. */
export class Dial {
  readonly connected: Promise<QuicConnection>;
  readonly #connection: QuicConnection;
  readonly #target: ConnectTarget;
  readonly #resolve: (connection: QuicConnection) => void;
  readonly #reject: (error: QconnError) => void;
  readonly #onAbort = (): void =>
    this.#connection.abandon(new QconnError('closed', 'The caller gave up.', { cause: this.#target.signal?.reason }));

  constructor(connection: QuicConnection, target: ConnectTarget) {
    this.#connection = connection;
    this.#target = target;
    const { promise, resolve, reject } = Promise.withResolvers<QuicConnection>();
    this.connected = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    target.signal?.addEventListener('abort', this.#onAbort);
  }

  /**
   * The chain has been verified by the engine, or vouched for by a ticket; whether it is for the right name
   * is checked here. @param now milliseconds since 1970
   */
  established(now: number): void {
    const { peerCertificates, resumed } = this.#connection;
    try {
      const refusal = resumed ? refusalOfResumed(peerCertificates, this.#target.tls.trustPem, now) : undefined;
      if (refusal !== undefined) throw new QconnError('hub_untrusted', refusal.message, { cause: refusal });
      verifyServerName(peerCertificates[0], this.#target.serverName);
    } catch (cause) {
      const error = cause instanceof QconnError ? cause : new QconnError('hub_untrusted', undefined, { cause });
      this.#connection.refuse(error, BAD_CERTIFICATE);
      return;
    }
    this.#settle();
    this.#resolve(this.#connection);
  }

  failed(error: QconnError): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.#target.signal?.removeEventListener('abort', this.#onAbort);
  }
}
