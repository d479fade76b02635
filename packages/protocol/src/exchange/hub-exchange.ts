import type { ErrorCode } from '../error-table.ts';
import { to, type StateTable } from './transition.ts';

/**
 * Where an exchange stands at the hub.
 * - `resolving`: accepted; no target has been sent to. It stays so while its sender waits for one to appear
 * - `forwarded`: sent to the target, which has not acknowledged
 * - `waiting`: was forwarded, then the target's session was lost before it acknowledged; it may have run
 * - `acknowledged`: the target has it
 * - `orphaned`: forwarded or acknowledged, and the sender is gone; the job goes on, nobody is told
 * - `done`: over; nothing is kept
 */
export type HubState = 'resolving' | 'forwarded' | 'waiting' | 'acknowledged' | 'orphaned' | 'done';

export type HubEvent =
  /**
   * A target was chosen and the request was written to its session. From `waiting`: the same machine
   * is back and the request was written to it again; never to another machine, for the first may have run it.
   */
  | 'forward'
  /** Resolution ended without a target: unknown, offline, not permitted, at its limit. */
  | 'unresolved'
  | 'ack'
  | 'progress'
  | 'extend'
  | 'respond'
  /** The provider gave an outcome instead of a result: it refused, or its handler failed. */
  | 'fail'
  | 'cancel'
  | 'resolutionDeadline'
  | 'jobDeadline'
  | 'senderLost'
  | 'senderRevoked'
  | 'targetLost'
  /** The machine is back, and its program has restarted since the request was written to it: it may have run there. */
  | 'targetRestarted'
  | 'targetRevoked'
  /** The hub stops: what has not been sent anywhere is given back to its sender. */
  | 'drain'
  /** The hub's drain time is over. */
  | 'shutdown';

export type HubAction =
  /** Reports `accepted`, `resolved` and `forwarded`, as far as they have not been reported. */
  | 'reportForwarded'
  | 'reportAcknowledged'
  | 'relayProgress'
  | 'relayResponse'
  /** Reports the outcome that the provider gave, after `outcomeFromProvider` has judged it. */
  | 'relayOutcome'
  | 'armJobDeadline'
  | 'extendJobDeadline'
  /** Tells the target to stop; the reason is the outcome that goes with it, or that the sender is gone. */
  | 'cancelTarget'
  /** Reports why there is no target, as resolution said last; always an outcome that is safe to retry. */
  | 'failUnresolved'
  | 'failNotAcknowledged'
  | 'failDeadlineExceeded'
  | 'failTargetLost'
  | 'failCancelled'
  | 'failDraining';

/** The outcome behind each action that fails an exchange; with `failUnresolved` resolution itself says which. */
export const HUB_FAILURES: Readonly<Record<Exclude<Extract<HubAction, `fail${string}`>, 'failUnresolved'>, ErrorCode>> =
  {
    failNotAcknowledged: 'not_acknowledged',
    failDeadlineExceeded: 'deadline_exceeded',
    failTargetLost: 'target_lost',
    failCancelled: 'cancelled',
    failDraining: 'hub_draining',
  };

/**
 * The hub's side of an exchange. Two rules stand behind it: exactly one final word reaches the
 * sender, and nothing that may have run is ever called safe to retry.
 */
export const HUB_EXCHANGE: StateTable<HubState, HubEvent, HubAction> = {
  resolving: {
    forward: to('forwarded', 'reportForwarded'),
    unresolved: to('done', 'failUnresolved'),
    cancel: to('done', 'failCancelled'),
    resolutionDeadline: to('done', 'failUnresolved'),
    senderLost: to('done'),
    senderRevoked: to('done'),
    drain: to('done', 'failDraining'),
    shutdown: to('done', 'failDraining'),
  },
  forwarded: {
    ack: to('acknowledged', 'armJobDeadline', 'reportAcknowledged'),
    // A provider that answers at once may leave the acknowledgement out: the answer implies it.
    respond: to('done', 'reportAcknowledged', 'relayResponse'),
    fail: to('done', 'relayOutcome'),
    cancel: to('done', 'cancelTarget', 'failCancelled'),
    resolutionDeadline: to('done', 'cancelTarget', 'failNotAcknowledged'),
    senderLost: to('orphaned', 'armJobDeadline'),
    senderRevoked: to('done', 'cancelTarget'),
    targetLost: to('waiting'),
    targetRevoked: to('done', 'failNotAcknowledged'),
    shutdown: to('done', 'failNotAcknowledged'),
  },
  waiting: {
    forward: to('forwarded'),
    cancel: to('done', 'failCancelled'),
    resolutionDeadline: to('done', 'failNotAcknowledged'),
    senderLost: to('done'),
    senderRevoked: to('done'),
    targetRestarted: to('done', 'failNotAcknowledged'),
    targetRevoked: to('done', 'failNotAcknowledged'),
    drain: to('done', 'failNotAcknowledged'),
    shutdown: to('done', 'failNotAcknowledged'),
  },
  acknowledged: {
    progress: to('acknowledged', 'relayProgress'),
    extend: to('acknowledged', 'extendJobDeadline'),
    respond: to('done', 'relayResponse'),
    fail: to('done', 'relayOutcome'),
    cancel: to('done', 'cancelTarget', 'failCancelled'),
    jobDeadline: to('done', 'cancelTarget', 'failDeadlineExceeded'),
    senderLost: to('orphaned'),
    senderRevoked: to('done', 'cancelTarget'),
    targetLost: to('done', 'failTargetLost'),
    targetRevoked: to('done', 'failTargetLost'),
    shutdown: to('done', 'failTargetLost'),
  },
  orphaned: {
    extend: to('orphaned', 'extendJobDeadline'),
    respond: to('done'),
    fail: to('done'),
    // Its sender has asked for the job again since, under the same key, and has given up on that as well.
    cancel: to('done', 'cancelTarget'),
    jobDeadline: to('done', 'cancelTarget'),
    senderRevoked: to('done', 'cancelTarget'),
    targetLost: to('done'),
    targetRevoked: to('done'),
    shutdown: to('done'),
  },
  done: {},
};
