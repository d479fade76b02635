import { backoffDelay } from '@qconn/clock';
import type { ErrorCode, QconnError } from '@qconn/protocol';

/**
 * What a client is doing.
 * - `connecting`: dialling a hub
 * - `pending`: connected; an administrator has not authorized the machine yet
 * - `online`: connected and authorized
 * - `backing_off`: waiting before the next try; `waitMs` says how long
 * - `stopped`: closed by its owner
 */
export type Phase = 'connecting' | 'pending' | 'online' | 'backing_off' | 'stopped';

/** The supervisor's whole memory. */
export interface SupervisorState {
  readonly phase: Phase;
  /** Tries since the last session, from 0. */
  readonly attempt: number;
  /** Set while the session moves to another path. */
  readonly moving?: true;
}

export type SupervisorEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'welcomed'; readonly status: 'pending' | 'authorized' }
  | { readonly kind: 'statusChanged'; readonly status: 'pending' | 'authorized' }
  /**
   * `another`: the refusal concerns a credential or a connection that has been replaced since. `nobodyListens`: the system
   * at the hub's address said so.
   */
  | {
      readonly kind: 'failed';
      readonly error: QconnError;
      readonly another?: boolean;
      readonly nobodyListens?: boolean;
    }
  /** The hub asked to come back later; `spreadMs` spreads a fleet. */
  | { readonly kind: 'sentAway'; readonly spreadMs: number }
  | { readonly kind: 'waited' }
  /** The path of the session has failed; told again while it is so. `refused`: nobody listens where the hub was. */
  | { readonly kind: 'pathFailed'; readonly refused?: boolean }
  | { readonly kind: 'moved' }
  /** `lost`: there is no use in trying again. */
  | { readonly kind: 'notMoved'; readonly lost: boolean }
  | { readonly kind: 'stop' };

export type SupervisorAction =
  | { readonly kind: 'dial' }
  | { readonly kind: 'wait'; readonly ms: number }
  /** Use the session for nothing new; what is in flight on it goes on until the hub closes it. */
  | { readonly kind: 'letGo' }
  /** Move the session to another path: what is in flight on it goes on. */
  | { readonly kind: 'move' }
  /** Give the session up: nobody can be reached over it. */
  | { readonly kind: 'abandon' }
  | { readonly kind: 'hangUp' };

/** The next state and what to do. */
export interface SupervisorStep {
  readonly state: SupervisorState;
  readonly actions: readonly SupervisorAction[];
}

/** First wait of the backoff, in milliseconds, before jitter: so short that nobody notices where one try was enough. */
export const BACKOFF_BASE_MS = 250;

/** Longest wait of the backoff, in milliseconds. */
export const BACKOFF_CAP_MS = 30_000;

/**
 * Wait after a refusal that {@link isPermanent}, in milliseconds. The client does not give up: an administrator may
 * authorize the machine again, a hub may get its right certificate.
 */
export const REFUSED_WAIT_MS = 300_000;

/**
 * Longest wait while nobody listens at the hub's address, in milliseconds, and for how many tries (about a minute): a hub that
 * restarts takes seconds, and a try costs its host one small answer of the system.
 */
export const RESTART_WAIT_MS = 500;
export const RESTART_TRIES = 240;

/** Refusals that will not go away until a person does something. */
const PERMANENT: ReadonlySet<ErrorCode> = new Set([
  'revoked',
  'unknown_machine',
  'certificate_required',
  'certificate_untrusted',
  'certificate_rejected',
  'renewal_refused',
  'hub_untrusted',
  'tls_config',
  'no_alpn',
  'superseded',
]);

export const INITIAL: SupervisorState = { phase: 'backing_off', attempt: 0 };

/**
 * True for a refusal that will not go away until a person does something. A wrong clock does not count: after a start of the
 * computer the network soon sets it.
 */
export function isPermanent({ code, facts }: QconnError): boolean {
  return PERMANENT.has(code) && facts['aboutTime'] !== true;
}

/**
 * Decides what a client does next. Pure: randomness comes in, actions go out; the driver dials, waits
 * and hangs up, and reports back what came of it.
 * @param random01 a fresh random number in [0, 1)
 */
export function supervise(state: SupervisorState, event: SupervisorEvent, random01: number): SupervisorStep {
  if (state.phase === 'stopped') return { state, actions: [] };
  switch (event.kind) {
    case 'start':
    case 'waited':
      return state.phase === 'backing_off' ? dial(state) : { state, actions: [] };
    case 'welcomed':
      return connected(event.status);
    case 'statusChanged':
      return isConnected(state)
        ? { state: { ...state, ...connected(event.status).state }, actions: [] }
        : { state, actions: [] };
    case 'failed':
      return backOff(
        state.attempt + 1,
        isPermanent(event.error) && event.another !== true
          ? spread(REFUSED_WAIT_MS, random01)
          : event.nobodyListens === true && state.attempt < RESTART_TRIES
            ? Math.floor(random01 * RESTART_WAIT_MS)
            : delay(state.attempt + 1, random01),
      );
    case 'sentAway':
      return backOff(0, Math.floor(random01 * event.spreadMs), { kind: 'letGo' });
    case 'pathFailed':
      if (isConnected(state) && event.refused === true)
        return backOff(1, Math.floor(random01 * RESTART_WAIT_MS), { kind: 'abandon' });
      return isConnected(state) && state.moving !== true
        ? { state: { ...state, moving: true }, actions: [{ kind: 'move' }] }
        : { state, actions: [] };
    case 'moved':
      return { state: settled(state), actions: [] };
    case 'notMoved':
      if (state.moving !== true) return { state, actions: [] };
      return event.lost ? backOff(1, delay(1, random01), { kind: 'abandon' }) : { state: settled(state), actions: [] };
    case 'stop':
      return { state: { phase: 'stopped', attempt: 0 }, actions: [{ kind: 'hangUp' }] };
  }
}

function isConnected({ phase }: SupervisorState): boolean {
  return phase === 'pending' || phase === 'online';
}

function settled({ phase, attempt }: SupervisorState): SupervisorState {
  return { phase, attempt };
}

function dial(state: SupervisorState): SupervisorStep {
  return { state: { phase: 'connecting', attempt: state.attempt }, actions: [{ kind: 'dial' }] };
}

function connected(status: 'pending' | 'authorized'): SupervisorStep {
  return { state: { phase: status === 'authorized' ? 'online' : 'pending', attempt: 0 }, actions: [] };
}

function backOff(attempt: number, ms: number, ...first: SupervisorAction[]): SupervisorStep {
  return { state: { phase: 'backing_off', attempt }, actions: [...first, { kind: 'wait', ms }] };
}

function delay(attempt: number, random01: number): number {
  return backoffDelay({ attempt, baseMs: BACKOFF_BASE_MS, capMs: BACKOFF_CAP_MS, random01 });
}

/** Half to one and a half times a long wait, so that a refused fleet does not knock in step. */
function spread(ms: number, random01: number): number {
  return Math.floor(ms * (0.5 + random01));
}
