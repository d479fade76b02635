import { to, type StateTable } from './transition.ts';

/**
 * Where an exchange stands at its sender.
 * - `sent`: written to a lane; the hub has not said anything yet
 * - `accepted`: the hub has it
 * - `acknowledged`: the target has it
 * - `done`: the caller has its one final word
 */
export type SenderState = 'sent' | 'accepted' | 'acknowledged' | 'done';

export type SenderEvent =
  /** Stages came; `stagesAcknowledged` when `acknowledged` is among them. */
  | 'stages'
  | 'stagesAcknowledged'
  | 'progress'
  | 'response'
  | 'outcome'
  | 'abort'
  /** Both deadlines and the time on the road are over, and the hub has said nothing. */
  | 'overdue'
  | 'connectionLost';

export type SenderAction =
  | 'reportStages'
  | 'reportProgress'
  | 'resolve'
  | 'rejectOutcome'
  | 'sendCancel'
  | 'rejectCancelled'
  | 'rejectHubLost';

/** The sender's side of an exchange: the caller's promise settles exactly once, in every path. */
export const SENDER_EXCHANGE: StateTable<SenderState, SenderEvent, SenderAction> = {
  sent: {
    stages: to('accepted', 'reportStages'),
    stagesAcknowledged: to('acknowledged', 'reportStages'),
    response: to('done', 'resolve'),
    outcome: to('done', 'rejectOutcome'),
    abort: to('done', 'sendCancel', 'rejectCancelled'),
    overdue: to('done', 'sendCancel', 'rejectHubLost'),
    connectionLost: to('done', 'rejectHubLost'),
  },
  accepted: {
    stages: to('accepted', 'reportStages'),
    stagesAcknowledged: to('acknowledged', 'reportStages'),
    response: to('done', 'resolve'),
    outcome: to('done', 'rejectOutcome'),
    abort: to('done', 'sendCancel', 'rejectCancelled'),
    overdue: to('done', 'sendCancel', 'rejectHubLost'),
    connectionLost: to('done', 'rejectHubLost'),
  },
  acknowledged: {
    stages: to('acknowledged', 'reportStages'),
    stagesAcknowledged: to('acknowledged', 'reportStages'),
    progress: to('acknowledged', 'reportProgress'),
    response: to('done', 'resolve'),
    outcome: to('done', 'rejectOutcome'),
    abort: to('done', 'sendCancel', 'rejectCancelled'),
    overdue: to('done', 'sendCancel', 'rejectHubLost'),
    connectionLost: to('done', 'rejectHubLost'),
  },
  done: {},
};
