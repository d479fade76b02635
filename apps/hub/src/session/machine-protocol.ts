import type { Clock } from '@qconn/clock';
import type { ProtocolHandler } from '@qconn/transport';
import type { Relay } from '../relay/relay.ts';
import type { AuthContext } from './auth-context.ts';
import type { SessionBook } from './session-book.ts';

/** Over how long a hub that stops spreads the return of its clients, in milliseconds. */
const GO_AWAY_SPREAD_MS = 2_000;

/** How often a stopping hub looks whether its exchanges have ended, in milliseconds: to be told would cost every exchange, for two seconds at the end. */
const DRAIN_LOOK_MS = 10;

/** What `qconn/1` works with. */
export interface MachineProtocolParts {
  readonly clock: Clock;
  readonly sessions: SessionBook;
  readonly relay: Relay;
}

/**
 * `qconn/1` as the endpoint's router knows it: a connection becomes a session; at the end new work is refused, the
 * machines are told to come back, and what runs may finish.
 */
export function machineProtocol({ clock, sessions, relay }: MachineProtocolParts): ProtocolHandler<AuthContext> {
  return {
    accept: (connection, auth) => sessions.accept(connection, auth),
    async drain(deadline) {
      relay.drain();
      sessions.sendAway({ code: 'going_away', reason: 'The hub is stopping.', spreadMs: GO_AWAY_SPREAD_MS });
      while (!relay.idle && !deadline.aborted) {
        await new Promise<void>((resolve) => void clock.setTimer(DRAIN_LOOK_MS, resolve));
      }
    },
  };
}
