import type { QconnError } from '@qconn/protocol';
import type { PathSigns } from '@qconn/transport';

/**
 * Why a client leaves the path that its connection uses.
 * - `silence`: nothing that it sent was answered
 * - `network`: the same, and the system says that there is no route
 * - `interface`: the address that it sends from is gone
 */
export type PathFailure = 'silence' | 'network' | 'interface';

/** `refused`: the hub's system says that nobody listens there. No other path leads to a program that has ended. */
export type PathVerdict = PathFailure | 'refused';

/**
 * How often the path is looked at, in milliseconds: while something is being sent, a third of the shortest silence that
 * counts; otherwise as often as the computer's addresses, for ten looks a second cost an idle agent 0.2 % of a core.
 */
export const PATH_LOOK_MS = 100;
export const ADDRESS_LOOK_MS = 1_000;

/**
 * Time without an answer after which a path counts as dead, in milliseconds, plus three round trips: by then a lost packet
 * has been sent again three times. A hub that stalls looks the same. So each move of a connection doubles the time, up to
 * three seconds: the engine allows seven moves, and a busy hub should cost few of them.
 */
const SILENCE_MIN_MS = 300;
const SILENCE_MAX_MS = 3_000;
const ROUND_TRIPS = 3;

/**
 * The same when the system says that there is no route, or that nobody listens. Its word alone is not believed, since anybody
 * can send the ICMP message behind it (RFC 9000, section 14.2.1).
 */
const SILENCE_WITH_ERROR_MS = 500;

/** Silence after which a connection that could not move is given up, in milliseconds. */
const GIVE_UP_MS = 6_000;

/** What is known of a connection's path. */
export interface PathFacts {
  readonly signs: PathSigns;
  /** Smoothed round trip in milliseconds. */
  readonly rttMs: number;
  /** How often the connection has been told to move. */
  readonly moves: number;
  /** The address that it sends from. */
  readonly local: string;
  /** The addresses that this computer has now; `undefined` when nobody knows. */
  readonly addresses: ReadonlySet<string> | undefined;
}

/** Whether the path of a connection has failed. Pure. */
export function judgePath({ signs, rttMs, moves, local, addresses }: PathFacts): PathVerdict | undefined {
  const { unansweredMs, error } = signs;
  if (addresses !== undefined && !addresses.has(local)) return 'interface';
  if (error !== undefined && saysNobodyListens(error) && unansweredMs >= SILENCE_MIN_MS) return 'refused';
  if (error !== undefined && unansweredMs >= SILENCE_WITH_ERROR_MS) return 'network';
  const patience = Math.min(SILENCE_MAX_MS, (SILENCE_MIN_MS + ROUND_TRIPS * rttMs) * 2 ** moves);
  return unansweredMs > 0 && unansweredMs >= patience ? 'silence' : undefined;
}

/**
 * Whether a connection that could not move is lost. One that was silent only for a moment is tried once more, on its old path
 * and on another new one: what is in flight on it may still end well. Pure.
 * @param triedMs for how long it tried; a move that was refused at once is refused again
 */
export function isLost(failure: PathFailure, { unansweredMs }: PathSigns, triedMs: number): boolean {
  return failure !== 'silence' || triedMs < SILENCE_MIN_MS || unansweredMs >= GIVE_UP_MS;
}

/** Whether an error is the answer of a system on which no program has the hub's port. */
export function saysNobodyListens({ cause }: QconnError): boolean {
  return (cause as { readonly code?: unknown } | undefined)?.code === 'ECONNREFUSED';
}
