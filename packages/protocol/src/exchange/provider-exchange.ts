import { to, type StateTable } from './transition.ts';

/**
 * Where an exchange stands at its provider.
 * - `received`: delivered, not decided
 * - `running`: acknowledged, the handler runs
 * - `stopping`: the handler was told to stop and has not returned; its result is dropped
 * - `detached`: the handler runs on, and the connection over which the job came is gone; delivered again, it is `running` again
 * - `done`: nothing is kept
 */
export type ProviderState = 'received' | 'running' | 'stopping' | 'detached' | 'done';

export type ProviderEvent =
  /** A handler for the device and service type is there and has room. */
  | 'accept'
  /** There is none, it is at its limit, or it refuses. */
  | 'refuse'
  | 'progress'
  | 'extend'
  | 'returned'
  | 'threw'
  | 'cancel'
  | 'connectionLost'
  /** The hub forwards the exchange again, over another connection: it has seen the end of the one before. */
  | 'redelivered';

export type ProviderAction =
  | 'sendAck'
  | 'startHandler'
  | 'sendRefusal'
  | 'sendProgress'
  | 'sendExtend'
  | 'sendResponse'
  | 'sendFailure'
  | 'abortHandler';

/** The provider's side of an exchange: acknowledged before the handler runs, answered at most once. */
export const PROVIDER_EXCHANGE: StateTable<ProviderState, ProviderEvent, ProviderAction> = {
  received: {
    accept: to('running', 'sendAck', 'startHandler'),
    refuse: to('done', 'sendRefusal'),
    cancel: to('done'),
    connectionLost: to('done'),
  },
  running: {
    progress: to('running', 'sendProgress'),
    extend: to('running', 'sendExtend'),
    refuse: to('done', 'sendRefusal'),
    returned: to('done', 'sendResponse'),
    threw: to('done', 'sendFailure'),
    cancel: to('stopping', 'abortHandler'),
    connectionLost: to('detached'),
    redelivered: to('running', 'sendAck'),
  },
  stopping: {
    returned: to('done'),
    threw: to('done'),
    refuse: to('done'),
    connectionLost: to('stopping'),
  },
  detached: {
    returned: to('done'),
    threw: to('done'),
    refuse: to('done'),
    redelivered: to('running', 'sendAck'),
  },
  done: {},
};
