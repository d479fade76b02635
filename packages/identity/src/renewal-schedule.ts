import { backoffDelay } from '@qconn/clock';

/** Share of a certificate's lifetime after which it is renewed: leaves a third of it for a hub that is away. */
const RENEW_AT = 2 / 3;

/** Widest deviation from that share, to either side, so that machines enrolled together do not renew together. */
const JITTER = 1 / 15;

/** Longest time between two looks at the schedule, in milliseconds: bounds what sleep or a set clock can hide. */
const RECHECK_MS = 60_000;

/** Shortest time between two renewals, in milliseconds, and as a share of the lifetime; the smaller holds. */
const SPACING_MS = 60_000;
const SPACING_SHARE = 1 / 20;

/** Retries of a renewal that failed: first and longest wait, in milliseconds. */
const RETRY_BASE_MS = 2_000;
const RETRY_CAP_MS = 3_600_000;

export interface RenewalInput {
  /** Validity of the certificate, epoch milliseconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Wall clock, epoch milliseconds. */
  readonly nowMs: number;
  /** In [0, 1); drawn once for each certificate, or its time would wander. */
  readonly random01: number;
  /**
   * How long this process has had the certificate from the hub, in milliseconds of a clock that nobody
   * sets. Left out for one that was loaded from disk.
   */
  readonly heldMs?: number;
}

export interface Renewal {
  /** `expired` may still be renewed, within the hub's grace period. */
  readonly state: 'waiting' | 'due' | 'expired';
  /** Wall-clock time at which it is due, epoch milliseconds. */
  readonly atMs: number;
  /**
   * Milliseconds until to act, if due or expired, or to ask again. Never more than a minute, so that a
   * sleep or a clock that is set is noticed; 0 means now.
   */
  readonly waitMs: number;
}

/**
 * When to renew a certificate. Ask again after `waitMs`, with a new `nowMs`: a clock that jumps ahead
 * makes it due; one that is set back delays it no longer than its lifetime warrants, because `heldMs`
 * counts too. A certificate that is due the moment it arrives (its issuer is about to end, or the clock
 * here is ahead) is not renewed in a tight loop.
 */
export function nextRenewal({ notBeforeMs, notAfterMs, nowMs, random01, heldMs }: RenewalInput): Renewal {
  const lifetimeMs = Math.max(0, notAfterMs - notBeforeMs);
  const dueAfterMs = lifetimeMs * (RENEW_AT + (2 * random01 - 1) * JITTER);
  const atMs = notBeforeMs + dueAfterMs;
  const leftMs = Math.min(atMs - nowMs, dueAfterMs - (heldMs ?? 0));
  if (leftMs > 0 && nowMs < notAfterMs) return { state: 'waiting', atMs, waitMs: Math.min(leftMs, RECHECK_MS) };
  const spacingMs = Math.min(SPACING_MS, lifetimeMs * SPACING_SHARE);
  const waitMs = heldMs === undefined ? 0 : Math.max(0, spacingMs - heldMs);
  return { state: nowMs < notAfterMs ? 'due' : 'expired', atMs, waitMs };
}

export interface RenewalRetryInput {
  /** Failures so far, from 1. */
  readonly attempt: number;
  readonly notAfterMs: number;
  readonly nowMs: number;
  /** In [0, 1); drawn anew for each attempt. */
  readonly random01: number;
}

/**
 * How long to wait after a renewal that failed, in milliseconds: exponential with jitter, at least a
 * second, and with at least eight tries in what is left of the certificate. For failures that a retry
 * may mend; a refusal is final.
 */
export function renewalRetryDelay({ attempt, notAfterMs, nowMs, random01 }: RenewalRetryInput): number {
  const leftMs = notAfterMs - nowMs;
  const capMs = leftMs > 0 ? Math.min(RETRY_CAP_MS, leftMs / 8) : RETRY_CAP_MS;
  return Math.max(1_000, backoffDelay({ attempt, baseMs: RETRY_BASE_MS, capMs, random01 }));
}
