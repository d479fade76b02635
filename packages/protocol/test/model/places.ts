import {
  HUB_EXCHANGE,
  HUB_FAILURES,
  outcomeFromProvider,
  PROVIDER_EXCHANGE,
  SENDER_EXCHANGE,
  transition,
  type ErrorCode,
  type HubAction,
  type HubEvent,
  type HubState,
  type ProviderAction,
  type ProviderEvent,
  type ProviderState,
  type SenderAction,
  type SenderEvent,
  type SenderState,
  type StateTable,
} from '@qconn/protocol';
import type { Connection, Delivery, Word, World } from './world.ts';

/** The tables under test; a planted fault replaces one. */
export interface Tables {
  readonly sender: StateTable<SenderState, SenderEvent, SenderAction>;
  readonly hub: StateTable<HubState, HubEvent, HubAction>;
  readonly provider: StateTable<ProviderState, ProviderEvent, ProviderAction>;
  readonly judge: typeof outcomeFromProvider;
}

export const TABLES: Tables = {
  sender: SENDER_EXCHANGE,
  hub: HUB_EXCHANGE,
  provider: PROVIDER_EXCHANGE,
  judge: outcomeFromProvider,
};

/** Something that must never happen. */
export class Fault extends Error {}

/** An event at the sender. */
export function atSender(tables: Tables, world: World, event: SenderEvent, code?: ErrorCode): void {
  const row = transition(tables.sender, world.sender, event);
  if (row === undefined) {
    if (world.sender !== 'done') throw new Fault(`the sender drops ${event} in ${world.sender}`);
    return;
  }
  world.sender = row.next;
  for (const action of row.actions) {
    if (action === 'sendCancel') say(world.senderLink, 'toHub', 'cancel');
    else if (action === 'resolve') settle(world, 'result');
    else if (action === 'rejectOutcome') settle(world, code as ErrorCode);
    else if (action === 'rejectCancelled') settle(world, 'cancelled');
    else if (action === 'rejectHubLost') settle(world, 'hub_lost');
  }
}

/** An event at the hub; nothing where the exchange is not there or is over. */
export function atHub(tables: Tables, world: World, event: HubEvent, code?: ErrorCode): void {
  if (world.hub === 'absent') return;
  const row = transition(tables.hub, world.hub, event);
  if (row === undefined) return;
  world.hub = row.next;
  for (const action of row.actions) hubActs(tables, world, action, code);
  if (row.next === 'done' || row.next === 'waiting') world.targeted = false;
  if (row.next === 'done') world.jobDeadlineArmed = false;
}

function hubActs(tables: Tables, world: World, action: HubAction, code?: ErrorCode): void {
  switch (action) {
    case 'reportForwarded':
      return tellSender(world, 'stages');
    case 'reportAcknowledged':
      world.acknowledged = true;
      return tellSender(world, 'stagesAcknowledged');
    case 'relayProgress':
      return tellSender(world, 'progress');
    case 'relayResponse':
      return tellSender(world, 'response');
    case 'relayOutcome':
      return tellSender(
        world,
        `outcome ${tables.judge({ code: code as ErrorCode, reason: '', retryAfterMs: 0 }, world.deliveriesSent).code}`,
      );
    case 'armJobDeadline':
      world.jobDeadlineArmed = true;
      return;
    case 'extendJobDeadline':
      if (!world.jobDeadlineArmed) throw new Fault('a job deadline is extended that was never set');
      return;
    case 'cancelTarget':
      if (world.providerLink.hub === 'gone' || !world.targeted)
        throw new Fault('the hub cancels at a target that it knows to be gone');
      return say(world.providerLink, 'fromHub', 'cancel');
    case 'failUnresolved':
      return tellSender(world, 'outcome not_found');
    default:
      return tellSender(world, `outcome ${HUB_FAILURES[action]}`);
  }
}

/** The hub says something to the sender of the exchange. */
export function tellSender(world: World, word: Word): void {
  if (world.senderLink.hub === 'gone') throw new Fault(`the hub has “${word}” for a sender that it knows to be gone`);
  if (word === 'response' || word.startsWith('outcome')) world.hubFinals++;
  say(world.senderLink, 'fromHub', word);
}

/** An event at the provider, for one delivery. */
export function atProvider(tables: Tables, world: World, delivery: Delivery, event: ProviderEvent): void {
  const row = transition(tables.provider, delivery.state, event);
  if (row === undefined) return;
  delivery.state = row.next;
  for (const action of row.actions) {
    const word = SAYS[action];
    if (word === undefined) continue;
    if (!delivery.current || world.providerLink.machine === 'gone')
      throw new Fault(`the provider has “${word}” for a connection that it knows to be gone`);
    say(world.providerLink, 'toHub', word);
  }
}

const SAYS: Readonly<Partial<Record<ProviderAction, Word>>> = {
  sendAck: 'ack',
  sendRefusal: 'outcome rejected',
  sendProgress: 'progress',
  sendExtend: 'extend',
  sendResponse: 'response',
  sendFailure: 'outcome handler_failed',
};

function settle(world: World, final: ErrorCode | 'result'): void {
  world.finals++;
  world.final = final;
}

/** Puts a word on its way, unless there is no way any more. */
export function say(link: Connection, way: 'toHub' | 'fromHub', word: Word): void {
  if (link.cut || (way === 'toHub' && link.hub === 'gone')) return;
  link[way].push(word);
}
