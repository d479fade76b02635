import { parseSecret } from '@qconn/client';
import { isQconnError } from '@qconn/protocol';

/** One hub as one administrator reaches it. */
export interface Profile {
  /** Origin of the hub's HTTPS API. */
  readonly hub: string;
  /** The hub's roots, and whom else to trust: nobody. */
  readonly trustPem: readonly string[];
  /** API key, `qk_…`. */
  readonly key: string;
}

/** The name under which `login` keeps a profile when none is given. */
export const DEFAULT_PROFILE = 'default';

/** The id of a profile's key, by which `qconn keys` lists it; undefined for a key that is damaged. */
export function keyIdOf({ key }: Profile): string | undefined {
  try {
    return parseSecret(key, 'qk').idText;
  } catch (error) {
    if (isQconnError(error)) return undefined;
    throw error;
  }
}
