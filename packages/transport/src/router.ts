import { QconnError, isQconnError } from '@qconn/protocol';
import type { Connection } from './connection.ts';
import type { AlpnHandler } from './endpoint.ts';

/** Protocols that an endpoint serves, with who takes their connections (RFC 7301). */
export type AlpnHandlers = Readonly<Record<string, AlpnHandler>>;

/**
 * Hands a connection to the handler of its protocol. A handler that throws or rejects costs its own
 * connection, which closes with `handler_error`, and nothing else; `onFailure` hears of it.
 */
export function route(handlers: AlpnHandlers, connection: Connection, onFailure: (error: QconnError) => void): void {
  void runHandler(handlers, connection).catch((cause: unknown) => {
    const error = isQconnError(cause, 'handler_error')
      ? cause
      : new QconnError('handler_error', `The handler of ${connection.alpn} failed.`, { cause });
    connection.close(error.wire, error.message);
    onFailure(error);
  });
}

async function runHandler(handlers: AlpnHandlers, connection: Connection): Promise<void> {
  const handler = Object.hasOwn(handlers, connection.alpn) ? handlers[connection.alpn] : undefined;
  if (handler === undefined) throw new QconnError('handler_error', `No handler is registered for ${connection.alpn}.`);
  await handler(connection);
}
