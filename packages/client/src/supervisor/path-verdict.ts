import type { PathSigns } from '@qconn/transport';

/**
 * Why a client leaves the path that its connection uses.
 * - `silence`: what it said has had no answer
 * - `network`: the same, and the system says that there is no way
 * - `interface`: the address that it sends from has gone
 */
export type PathFailure = 'silence' | 'network' | 'interface';

/** How often the path is looked at, in milliseconds. */
export const PATH_LOOK_MS = 1_000;

/**
 * Time without an answer after which a path counts as dead, in milliseconds: a lost packet is sent again after two
 * round trips, and three times within this on a path of 300 ms. Where the system says so as well it takes less; alone
 * it is not believed, since anybody can send what makes it say so (RFC 9000, section 14.2.1).
 */
const SILENCE_MS = 3_000;
const SILENCE_WITH_ERROR_MS = 500;

/**
 * Whether the path of a connection has failed. Pure.
 * @param local the address that the connection sends from
 * @param addresses those that this computer has now; `undefined` when nobody knows
 */
export function judgePath(
  { unansweredMs, error }: PathSigns,
  local: string,
  addresses: ReadonlySet<string> | undefined,
): PathFailure | undefined {
  if (addresses !== undefined && !addresses.has(local)) return 'interface';
  if (error !== undefined && unansweredMs >= SILENCE_WITH_ERROR_MS) return 'network';
  return unansweredMs >= SILENCE_MS ? 'silence' : undefined;
}
