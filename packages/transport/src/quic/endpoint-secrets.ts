import { hash, hkdfSync, randomBytes } from 'node:crypto';
import { QconnError } from '@qconn/protocol';

const SECRET_BYTES = 32;
const RESET_TOKEN_BYTES = 16;
/** What the engine wants for session tickets: key name, HMAC key and AES key (RFC 5077, section 4). */
const TICKET_KEY_BYTES = 48;

/** Keys of an endpoint, all derived from one secret. */
export interface EndpointSecrets {
  readonly retryKey: Uint8Array;
  /** The key of session tickets in an epoch; who knows one does not know another. */
  ticketKey(epoch: number): Uint8Array;
  /** The stateless reset token of a connection id (RFC 9000, section 10.3.2). */
  resetToken(id: Uint8Array): Buffer;
}

/**
 * Derives them (RFC 5869). An endpoint that gets the same secret after a restart can tell the clients of
 * its former self at once that they are talking to nobody, and takes their tickets.
 * @param secret 32 random bytes; drawn afresh when left out
 * @throws QconnError `tls_config` for any other length
 */
export function endpointSecrets(secret: Uint8Array = randomBytes(SECRET_BYTES)): EndpointSecrets {
  if (secret.length !== SECRET_BYTES)
    throw new QconnError('tls_config', `The endpoint’s secret has to have ${SECRET_BYTES} bytes.`);
  const derive = (label: string, length: number): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', secret, '', `qconn ${label}`, length));
  const resetKey = derive('stateless reset', SECRET_BYTES);
  return {
    retryKey: derive('retry token', SECRET_BYTES),
    ticketKey: (epoch) => derive(`session ticket ${epoch}`, TICKET_KEY_BYTES),
    // Key and id have fixed lengths and the hash is cut, so that a plain hash will do, at a fifth of HMAC's cost.
    resetToken: (id) => hash('sha256', Buffer.concat([resetKey, id]), 'buffer').subarray(0, RESET_TOKEN_BYTES),
  };
}
