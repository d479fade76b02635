/** How long to wait before a further try. */
export interface BackoffParameters {
  /** Failures so far, from 1. */
  readonly attempt: number;
  /** Longest first wait, in milliseconds. */
  readonly baseMs: number;
  /** Longest wait of all, in milliseconds. */
  readonly capMs: number;
  /** A random number in [0, 1), drawn anew for each attempt. */
  readonly random01: number;
}

/**
 * Exponential backoff with full jitter: anywhere between nothing and `baseMs · 2^(attempt − 1)`,
 * capped. Spreading over the whole range is what keeps a fleet that lost its hub from coming back in
 * waves.
 */
export function backoffDelay({ attempt, baseMs, capMs, random01 }: BackoffParameters): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.max(0, attempt - 1));
  return Math.floor(random01 * ceiling);
}
