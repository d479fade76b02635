import { QconnError, isQconnError, type ErrorCode } from '@qconn/protocol';
import type { Connection, SocketAddress } from './connection.ts';

/**
 * Says who is behind a connection whose handshake has finished; asked once for each. A QconnError that it throws is
 * told to the peer as the reason for which it is turned away; anything else becomes `identity_unavailable`.
 */
export type IdentityProvider<Auth> = (connection: Connection) => Auth | Promise<Auth>;

/** Takes a connection whose handshake chose its protocol, with what the identity provider says of the peer, frozen. */
export type AlpnHandler<Auth = undefined> = (connection: Connection, auth: Readonly<Auth>) => void | Promise<void>;

/** A handler that has something to do when the endpoint drains. */
export interface ProtocolHandler<Auth = undefined> {
  accept: AlpnHandler<Auth>;
  /**
   * The endpoint is to end: send the peers away, in the protocol's own words, and resolve when what runs has
   * finished. @param deadline aborted when there is no more time
   */
  drain(deadline: AbortSignal): Promise<void>;
}

/** Protocols that an endpoint serves, with who takes their connections (RFC 7301). */
export type AlpnHandlers<Auth = undefined> = Readonly<Record<string, AlpnHandler<Auth> | ProtocolHandler<Auth>>>;

/**
 * Why a handler did not go on with a connection. `authentication`: who the peer is was refused or could not be found
 * out; `closed`: the connection ended meanwhile; `stream`: a stream did, or there was none to have; `internal`: a fault
 * of the handler.
 */
export type HandlerFailureKind = 'authentication' | 'closed' | 'stream' | 'internal';

/** A connection that was closed because its peer was turned away or its handler failed. */
export interface FailedHandler {
  readonly kind: HandlerFailureKind;
  readonly remote: SocketAddress;
  readonly alpn: string;
  /** What the peer is told; where it is `handler_error`, the handler's own error is its cause. */
  readonly error: QconnError;
}

/** What a router works with. */
export interface RouterParts<Auth> {
  readonly handlers: AlpnHandlers<Auth>;
  /** Without it handlers get `undefined` for an auth context. */
  readonly identify?: IdentityProvider<Auth> | undefined;
  readonly onFailure?: ((failed: FailedHandler) => void) | undefined;
}

/** What an endpoint needs of its router. */
export interface ConnectionRouter {
  readonly alpns: readonly string[];
  /** Hands a connection to the handler of its protocol. */
  route(connection: Connection): void;
  /** A reader of one of its streams threw; the connection is about to close. */
  readerFailed(connection: Connection, error: QconnError): void;
  /**
   * Has every handler finish: those with a `drain` by that, the others when their connections have ended.
   * @param connections all that are open
   */
  drain(connections: Iterable<Connection>, deadline: AbortSignal): Promise<void>;
}

/** Codes with which a handler itself says that it will not have the peer. */
const TURNED_AWAY: ReadonlySet<ErrorCode> = new Set([
  'certificate_required',
  'identity_unavailable',
  'unauthenticated',
  'unknown_machine',
  'revoked',
  'forbidden',
]);

const STREAM_FAILURES: ReadonlySet<ErrorCode> = new Set(['stream_reset', 'stream_limit']);

/**
 * Hands connections to the handler of their protocol, each with the auth context of its peer. A handler that throws or
 * rejects costs its own connection and nothing else.
 */
export class Router<Auth> implements ConnectionRouter {
  readonly alpns: readonly string[];
  readonly #parts: RouterParts<Auth>;

  constructor(parts: RouterParts<Auth>) {
    this.#parts = parts;
    this.alpns = Object.freeze(Object.keys(parts.handlers));
  }

  route(connection: Connection): void {
    void this.#run(connection);
  }

  readerFailed({ remote, alpn }: Connection, error: QconnError): void {
    this.#parts.onFailure?.({ kind: 'internal', remote, alpn, error });
  }

  async drain(connections: Iterable<Connection>, deadline: AbortSignal): Promise<void> {
    const { handlers } = this.#parts;
    const ends = [...connections]
      .filter(({ alpn }) => typeof handlers[alpn] === 'function')
      .map(({ closed }) => closed);
    const drains = Object.values(handlers).map((handler) =>
      typeof handler === 'function' ? undefined : handler.drain(deadline),
    );
    await Promise.allSettled([...drains, ...ends]);
  }

  async #run(connection: Connection): Promise<void> {
    const { handlers, identify } = this.#parts;
    let auth: Readonly<Auth>;
    try {
      // Without a provider `Auth` is `undefined`. Waiting only where there is something to wait for: the handler of
      // a peer that is known at once hears of the connection before anything comes on it.
      const identified = identify === undefined ? (undefined as Auth) : identify(connection);
      auth = Object.freeze(identified instanceof Promise ? await identified : identified);
    } catch (cause) {
      const error = isQconnError(cause) ? cause : new QconnError('identity_unavailable', undefined, { cause });
      return this.#fail(connection, 'authentication', error);
    }
    try {
      const handler = Object.hasOwn(handlers, connection.alpn) ? handlers[connection.alpn] : undefined;
      if (handler === undefined) throw new Error(`No handler is registered for ${connection.alpn}.`);
      await (typeof handler === 'function' ? handler(connection, auth) : handler.accept(connection, auth));
    } catch (cause) {
      const kind = kindOf(cause);
      this.#fail(connection, kind, kind === 'authentication' ? (cause as QconnError) : failureOf(connection, cause));
    }
  }

  #fail(connection: Connection, kind: HandlerFailureKind, error: QconnError): void {
    const { remote, alpn } = connection;
    connection.close(error.wire, error.message);
    this.#parts.onFailure?.({ kind, remote, alpn, error });
  }
}

function kindOf(cause: unknown): HandlerFailureKind {
  if (!isQconnError(cause)) return 'internal';
  if (TURNED_AWAY.has(cause.code)) return 'authentication';
  if (STREAM_FAILURES.has(cause.code)) return 'stream';
  return cause.code === 'closed' ? 'closed' : 'internal';
}

function failureOf({ alpn }: Connection, cause: unknown): QconnError {
  if (isQconnError(cause, 'handler_error')) return cause;
  return new QconnError('handler_error', `The handler of ${alpn} failed.`, { cause });
}
