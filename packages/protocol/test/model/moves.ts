import {
  hubHearsProvider,
  hubHearsSender,
  jobEnds,
  providerHears,
  providerNotices,
  providerTakes,
  senderHears,
  senderNotices,
} from './frames.ts';
import { atHub, atProvider, Fault, say, type Tables } from './places.ts';
import type { Connection, Delivery, Word, World } from './world.ts';

/** Something that can happen next. */
export interface Move {
  readonly name: string;
  /** It will happen sooner or later unless something else does: nothing may be left once no such move is there. */
  readonly certain: boolean;
  readonly run: (tables: Tables, world: World) => void;
}

/** What opens an exchange has an id that is never used again on its connection; a close is no frame. */
const ONCE: ReadonlySet<Word> = new Set(['request', 'deliver', 'redeliver', 'closed']);

/** What can happen next by itself: frames arrive, ends notice, deadlines pass, the hub and the handler decide. */
export function* courseOf(world: World): Generator<Move> {
  yield* channel('sender → hub', world.senderLink, 'toHub', world, hubHearsSender);
  yield* channel('hub → sender', world.senderLink, 'fromHub', world, senderHears);
  yield* channel('provider → hub', world.providerLink, 'toHub', world, hubHearsProvider);
  yield* channel('hub → provider', world.providerLink, 'fromHub', world, providerHears);
  yield* notices(world);
  yield* hubDecides(world);
  yield* leavesOut(world);
  yield* providerActs(world);
}

/** The frame at the head of a channel arrives; with a disturbance left, it arrives and comes again. */
function* channel(
  name: string,
  link: Connection,
  way: 'toHub' | 'fromHub',
  world: World,
  hear: (tables: Tables, world: World, word: Word) => void,
): Generator<Move> {
  const word = link[way][0];
  if (word === undefined || (way === 'toHub' ? link.hub : link.machine) === 'gone') return;
  const same = (next: World): Connection => (link === world.senderLink ? next.senderLink : next.providerLink);
  yield {
    name: `${name}: ${word}`,
    certain: true,
    run: (tables, next) => {
      same(next)[way].shift();
      hear(tables, next, word);
    },
  };
  if (world.disturbances === 0 || ONCE.has(word)) return;
  yield {
    name: `${name}: ${word}, and again`,
    certain: false,
    run: (tables, next) => {
      next.disturbances--;
      hear(tables, next, word);
    },
  };
}

function* notices({ senderLink, providerLink, targeted }: World): Generator<Move> {
  if (senderLink.cut && senderLink.hub === 'up')
    yield certain('the hub notices that the sender is gone', hubNoticesSender);
  if (senderLink.cut && senderLink.machine === 'up')
    yield certain('the sender notices that the hub is gone', senderNotices);
  if (providerLink.cut && providerLink.hub === 'up')
    yield certain(`the hub notices that the provider is gone${targeted ? ', its target' : ''}`, hubNoticesProvider);
  if (providerLink.cut && providerLink.machine === 'up')
    yield certain('the provider notices that the hub is gone', providerNotices);
}

function* hubDecides(world: World): Generator<Move> {
  const { hub, providerLink, jobDeadlineArmed, connectedRun, forwardedTo, remembered } = world;
  if (hub === 'resolving')
    yield {
      name: 'resolution ends without a target',
      certain: false,
      run: (tables, next) => atHub(tables, next, 'unresolved'),
    };
  if (hub === 'waiting' && providerLink.hub === 'up' && !remembered && connectedRun !== forwardedTo)
    yield certain('the hub sees that the provider has restarted', (tables, next) =>
      atHub(tables, next, 'targetRestarted'),
    );
  else if ((hub === 'resolving' || hub === 'waiting') && providerLink.hub === 'up')
    yield { name: 'the hub forwards', certain: false, run: forward };
  if (hub === 'resolving' || hub === 'forwarded' || hub === 'waiting')
    yield certain('the resolution deadline passes', (tables, next) => atHub(tables, next, 'resolutionDeadline'));
  if (jobDeadlineArmed) yield certain('the job deadline passes', (tables, next) => atHub(tables, next, 'jobDeadline'));
}

/** An acknowledgement that has not left yet when its answer follows may be left out: the answer implies it. */
function* leavesOut({ providerLink: { toHub } }: World): Generator<Move> {
  const at = toHub.indexOf('ack');
  if (at >= 0 && toHub[at + 1] === 'response')
    yield {
      name: 'the provider leaves the acknowledgement out',
      certain: false,
      run: (_tables, next) => void next.providerLink.toHub.splice(at, 1),
    };
}

function* providerActs(world: World): Generator<Move> {
  const { job, deliveries, signsLeft } = world;
  for (const [index, { state }] of deliveries.entries()) {
    const here = (next: World): Delivery => next.deliveries[index] as Delivery;
    if (state === 'received') {
      yield certain('the provider accepts', (tables, next) => providerTakes(tables, next, here(next)));
      // Also of a job that has run: the device may have been withdrawn since.
      yield {
        name: 'the provider refuses',
        certain: false,
        run: (tables, next) => atProvider(tables, next, here(next), 'refuse'),
      };
    }
    if (state !== 'running' || signsLeft === 0) continue;
    yield {
      name: 'the handler tells progress',
      certain: false,
      run: (tables, next) => (next.signsLeft--, atProvider(tables, next, here(next), 'progress')),
    };
    yield {
      name: 'the handler asks for time',
      certain: false,
      run: (tables, next) => (next.signsLeft--, atProvider(tables, next, here(next), 'extend')),
    };
  }
  if (job === 'running')
    yield {
      name: 'the handler acts',
      certain: false,
      run: (_tables, next) => void ((next.job = 'acting'), (next.effect = true)),
    };
  if (job === 'running')
    yield { name: 'the handler refuses', certain: false, run: (tables, next) => jobEnds(tables, next, 'refused') };
  if (job !== 'running' && job !== 'acting') return;
  yield certain('the handler returns', (tables, next) => jobEnds(tables, next, 'returned'));
  yield certain('the handler throws', (tables, next) => jobEnds(tables, next, 'threw'));
}

function certain(name: string, run: Move['run']): Move {
  return { name, certain: true, run };
}

function forward(tables: Tables, world: World): void {
  if (world.acknowledged) throw new Fault('what was acknowledged is delivered again');
  say(world.providerLink, 'fromHub', world.deliveriesSent === 0 ? 'deliver' : 'redeliver');
  world.deliveriesSent++;
  world.forwardedTo = world.connectedRun;
  world.targeted = true;
  atHub(tables, world, 'forward');
}

function hubNoticesSender(tables: Tables, world: World): void {
  world.senderLink.hub = 'gone';
  atHub(tables, world, 'senderLost');
}

/** The hub sees that the provider's connection is gone. */
export function hubNoticesProvider(tables: Tables, world: World): void {
  world.providerLink.hub = 'gone';
  if (world.targeted) atHub(tables, world, 'targetLost');
}
