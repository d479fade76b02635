import { QconnError } from '@qconn/protocol';
import { errorOfClose } from '../close-code.ts';
import type { CloseInfo } from '../connection.ts';
import type { NativeConnection, NativeConnectionError } from './native.ts';
import { errorOfAlert, isTlsAlert, type AlertContext } from './tls-alert.ts';

/** Transport error codes that have a code of their own here (RFC 9000, section 20.1). */
const NO_ERROR = 0x0;
const CONNECTION_REFUSED = 0x2;

/** What the endpoint knows of a connection that the engine has ended. */
export interface EndedConnection {
  readonly role: 'client' | 'server';
  /** Which server a client dialled, for people: of several addresses, one may be the wrong one. */
  readonly server?: string | undefined;
  readonly established: boolean;
  /** Whether anything at all came from the peer. */
  readonly heard: boolean;
}

/** Why the engine ended a connection that this side did not close. */
export function closeInfoOf(native: NativeConnection, ended: EndedConnection): CloseInfo {
  const told = native.peerError();
  if (told !== null) return infoOfPeer(told, ended);
  const raised = native.localError();
  if (raised !== null) return { by: 'transport', error: errorOfTransport(raised, { ...ended, raisedBy: 'local' }) };
  return { by: 'timeout', error: silenceError(ended) };
}

/** The error of a connection from which nothing has been heard for too long. */
export function silenceError({ role, server, established, heard }: EndedConnection): QconnError {
  if (established) return new QconnError('idle_timeout');
  if (role === 'client' && !heard) return new QconnError('unreachable', server && `${server} (UDP) did not answer.`);
  return new QconnError('handshake_timeout', server && `The handshake with ${server} did not finish in time.`);
}

function infoOfPeer(told: NativeConnectionError, ended: EndedConnection): CloseInfo {
  if (told.isApp) return { by: 'peer', error: errorOfClose(told.errorCode, textOf(told)) };
  return { by: 'transport', error: errorOfTransport(told, { ...ended, raisedBy: 'peer' }) };
}

function errorOfTransport(failure: NativeConnectionError, context: AlertContext): QconnError {
  if (isTlsAlert(failure.errorCode)) return errorOfAlert(failure.errorCode, context);
  if (failure.errorCode === CONNECTION_REFUSED) return new QconnError('overloaded', textOf(failure) || undefined);
  const who = context.raisedBy === 'local' ? 'this side' : 'the peer';
  const text = textOf(failure);
  if (failure.errorCode === NO_ERROR) return new QconnError('closed', text || undefined);
  return new QconnError(
    'closed',
    `The connection failed: ${who} raised the QUIC error 0x${failure.errorCode.toString(16)}${text === '' ? '' : ` (${text})`}.`,
    {
      facts: { quicError: failure.errorCode },
    },
  );
}

function textOf({ reason }: NativeConnectionError): string {
  return Buffer.from(reason).toString('utf8');
}
