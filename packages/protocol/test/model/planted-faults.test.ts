import { expect, test } from 'vitest';
import {
  HUB_EXCHANGE,
  PROVIDER_EXCHANGE,
  SENDER_EXCHANGE,
  type HubAction,
  type HubEvent,
  type HubState,
  type StateTable,
  type Transition,
} from '@qconn/protocol';
import { explore, type Exploration } from './explore.ts';
import { TABLES, type Tables } from './places.ts';
import { firstWorlds } from './world.ts';

/** A table with one row replaced, or taken out. */
function withRow<S extends string, E extends string, A extends string>(
  table: StateTable<S, E, A>,
  state: S,
  event: E,
  row: Transition<S, A> | undefined,
): StateTable<S, E, A> {
  return { ...table, [state]: { ...table[state], [event]: row } };
}

function hub(state: HubState, event: HubEvent, next?: HubState, ...actions: HubAction[]): Tables {
  return { ...TABLES, hub: withRow(HUB_EXCHANGE, state, event, next === undefined ? undefined : { next, actions }) };
}

test.each<[what: string, tables: Tables, found: RegExp]>([
  [
    'a job that was forwarded is called offline',
    hub('forwarded', 'resolutionDeadline', 'done', 'failUnresolved'),
    /“not_found” is safe to retry/,
  ],
  [
    'a job that was acknowledged is called offline',
    hub('acknowledged', 'targetLost', 'done', 'failUnresolved'),
    /“not_found” is safe to retry/,
  ],
  [
    'an acknowledged job waits for its target to come back',
    hub('acknowledged', 'targetLost', 'waiting'),
    /what was acknowledged is delivered again/,
  ],
  [
    'the hub forgets that the lost target may have run it',
    hub('forwarded', 'targetLost', 'resolving'),
    /is safe to retry|ran twice/,
  ],
  [
    'what a program may have run is delivered to its next run',
    hub('waiting', 'targetRestarted', 'forwarded'),
    /ran twice|left|knows to be gone/,
  ],
  [
    'draining gives back what was forwarded',
    hub('forwarded', 'drain', 'done', 'failDraining'),
    /“hub_draining” is safe to retry/,
  ],
  [
    'the answer goes to a sender that is gone',
    hub('orphaned', 'respond', 'done', 'relayResponse'),
    /“response” for a sender that it knows to be gone/,
  ],
  ['an orphan has no deadline', hub('forwarded', 'senderLost', 'orphaned'), /left in orphaned|never set/],
  ['a cancelled job goes on', hub('acknowledged', 'cancel', 'acknowledged', 'failCancelled'), /two final words/],
  ['a deadline says nothing', hub('acknowledged', 'jobDeadline', 'done', 'cancelTarget'), /the sender is left/],
  [
    'a target that is gone is told to stop',
    hub('waiting', 'cancel', 'done', 'cancelTarget', 'failCancelled'),
    /knows to be gone/,
  ],
  ['the hub stops without a word to those who wait', hub('forwarded', 'shutdown'), /left|gone/],
  [
    'progress overtakes the acknowledgement',
    hub('forwarded', 'ack', 'acknowledged', 'armJobDeadline'),
    /the sender drops progress/,
  ],
  [
    'a refusal of a second delivery is believed',
    { ...TABLES, judge: (outcome) => outcome },
    /“rejected” is safe to retry/,
  ],
  [
    'the sender never gives up',
    { ...TABLES, sender: withRow(SENDER_EXCHANGE, 'acknowledged', 'connectionLost', undefined) },
    /the sender drops connectionLost/,
  ],
  [
    'the provider answers into a closed connection',
    { ...TABLES, provider: withRow(PROVIDER_EXCHANGE, 'running', 'connectionLost', undefined) },
    /the provider has/,
  ],
  [
    'a stopped handler is never over',
    { ...TABLES, provider: withRow(PROVIDER_EXCHANGE, 'stopping', 'returned', undefined) },
    /the provider is left in stopping/,
  ],
  [
    'the handler that runs on from a lost connection is out of reach',
    { ...TABLES, provider: withRow(PROVIDER_EXCHANGE, 'detached', 'redelivered', undefined) },
    /a cancel does not reach the handler/,
  ],
  [
    'a delivery outlives its connection undecided',
    { ...TABLES, provider: withRow(PROVIDER_EXCHANGE, 'received', 'connectionLost', undefined) },
    /the provider has “(ack|outcome rejected)”/,
  ],
])('the model finds it when %s', (_what, tables, found) => {
  const fault = faultWithin(1, tables) ?? faultWithin(2, tables);
  expect(fault?.message).toMatch(found);
  expect(fault?.way.length).toBeLessThan(30);
});

/** What goes wrong first with so many disturbances. One is enough to show most faults, and is quickly explored. */
function faultWithin(disturbances: number, tables: Tables): Exploration['fault'] {
  return explore(tables, firstWorlds(disturbances)).fault;
}
