import { transition, type ErrorCode } from '@qconn/protocol';
import { atHub, atProvider, atSender, Fault, tellSender, type Tables } from './places.ts';
import type { Delivery, Job, Word, World } from './world.ts';

/** A word arrives at the hub from the sender. */
export function hubHearsSender(tables: Tables, world: World, word: Word): void {
  if (word === 'cancel') return atHub(tables, world, 'cancel');
  if (word !== 'request') throw new Error(`a sender does not say ${word}`);
  if (world.draining) return tellSender(world, 'outcome hub_draining');
  world.hub = 'resolving';
}

/** A word arrives at the hub from the provider. */
export function hubHearsProvider(tables: Tables, world: World, word: Word): void {
  if (!world.targeted) return;
  if (word.startsWith('outcome ')) return atHub(tables, world, 'fail', word.slice('outcome '.length) as ErrorCode);
  switch (word) {
    case 'ack':
    case 'progress':
    case 'extend':
      return atHub(tables, world, word);
    case 'response':
      return atHub(tables, world, 'respond');
    default:
      throw new Error(`a provider does not say ${word}`);
  }
}

/** A word arrives at the sender. */
export function senderHears(tables: Tables, world: World, word: Word): void {
  if (word.startsWith('outcome '))
    return atSender(tables, world, 'outcome', word.slice('outcome '.length) as ErrorCode);
  switch (word) {
    case 'stages':
    case 'stagesAcknowledged':
    case 'progress':
    case 'response':
      return atSender(tables, world, word);
    case 'closed':
      return senderNotices(tables, world);
    default:
      throw new Error(`the hub does not say ${word} to a sender`);
  }
}

/** A word arrives at the provider. */
export function providerHears(tables: Tables, world: World, word: Word): void {
  switch (word) {
    case 'deliver':
    case 'redeliver':
      world.deliveries.push({ state: 'received', current: true, runs: false });
      return;
    case 'cancel': {
      const last = world.deliveries.findLast(({ current }) => current);
      if (last !== undefined) providerCancels(tables, world, last);
      return;
    }
    case 'closed':
      return providerNotices(tables, world);
    default:
      throw new Error(`the hub does not say ${word} to a provider`);
  }
}

function providerCancels(tables: Tables, world: World, delivery: Delivery): void {
  const taken = delivery.state !== 'received';
  atProvider(tables, world, delivery, 'cancel');
  const runsOn = world.job === 'running' || world.job === 'acting';
  if (taken && runsOn && world.deliveries.find(({ runs }) => runs)?.state !== 'stopping')
    throw new Fault('a cancel does not reach the handler, which runs on');
}

/** The provider takes a delivery: runs the job, goes on with it, or gives the answer of the run that it remembers. */
export function providerTakes(tables: Tables, world: World, delivery: Delivery): void {
  const remembered = world.job;
  const earlier = world.deliveries.find(
    ({ state }) => state !== 'received' && transition(tables.provider, state, 'redelivered') !== undefined,
  );
  if (earlier !== undefined) {
    world.deliveries.splice(world.deliveries.indexOf(delivery), 1);
    earlier.current = true;
    return atProvider(tables, world, earlier, 'redelivered');
  }
  atProvider(tables, world, delivery, 'accept');
  if (remembered === 'none') {
    world.job = 'running';
    delivery.runs = true;
    world.runs++;
  } else if (remembered !== 'running' && remembered !== 'acting') {
    atProvider(tables, world, delivery, ANSWERS[remembered]);
  }
}

/** The handler ends; every delivery of the exchange learns how. */
export function jobEnds(tables: Tables, world: World, how: keyof typeof ANSWERS): void {
  world.job = how;
  // Whoever refuses has run nothing.
  if (how === 'refused') world.runs--;
  for (const delivery of world.deliveries)
    if (delivery.state !== 'received') atProvider(tables, world, delivery, ANSWERS[how]);
}

/** The sender sees that its connection is gone. */
export function senderNotices(tables: Tables, world: World): void {
  world.senderLink.machine = 'gone';
  atSender(tables, world, 'connectionLost');
}

/** The provider sees that its connection is gone. */
export function providerNotices(tables: Tables, world: World): void {
  for (const delivery of world.deliveries) if (delivery.current) atProvider(tables, world, delivery, 'connectionLost');
  world.providerLink.machine = 'gone';
}

const ANSWERS = { returned: 'returned', threw: 'threw', refused: 'refuse', unknown: 'threw' } as const satisfies Record<
  Exclude<Job, 'none' | 'running' | 'acting'>,
  string
>;
