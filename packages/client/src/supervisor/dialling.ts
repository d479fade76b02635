import { QconnError } from '@qconn/protocol';
import type { Connection } from '@qconn/transport';
import type { Session } from '../session/session.ts';
import type { EarlyData } from './hub-dialer.ts';

/** The way to a session: dials, says hello, and waits for the welcome. */
export class Dialling {
  readonly #dial: (signal: AbortSignal, early: EarlyData) => Promise<Connection>;
  readonly #begin: (connection: Connection) => Session;
  #abort: AbortController | undefined;
  /** Another connection of the last dial has said hello as well: the hub may have taken it for the newer one. */
  #raced = false;

  /** @param begin says hello on a connection */
  constructor(
    dial: (signal: AbortSignal, early: EarlyData) => Promise<Connection>,
    begin: (connection: Connection) => Session,
  ) {
    this.#dial = dial;
    this.#begin = begin;
  }

  /** Resolves when a hub has welcomed this client, which then has its session there. @throws QconnError */
  async connect(): Promise<void> {
    const { signal } = (this.#abort = new AbortController());
    const sessions = new Map<Connection, Session>();
    const hello = (connection: Connection): Session => {
      const session = this.#begin(connection);
      sessions.set(connection, session);
      return session;
    };
    const connection = await this.#dial(signal, hello);
    const hangUp = (): void => connection.close(new QconnError('closed').wire, 'The client is done.');
    if (signal.aborted) return hangUp();
    signal.addEventListener('abort', hangUp, { once: true });
    const session = sessions.get(connection) ?? hello(connection);
    this.#raced = sessions.size > 1;
    await session.welcome;
  }

  /** Ends what was dialled last, also where it has its session by now. */
  abort(): void {
    this.#abort?.abort();
  }

  /** Why a connection of the last dial has ended: whom a connection of its own has superseded, nobody else has. */
  asOfNow(error: QconnError): QconnError {
    if (error.code !== 'superseded' || !this.#raced) return error;
    return new QconnError('unreachable', 'The hub took another connection of this client for the newer one.', {
      cause: error,
    });
  }
}
