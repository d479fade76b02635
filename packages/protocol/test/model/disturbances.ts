import { hubNoticesProvider, type Move } from './moves.ts';
import { atHub, atSender, type Tables } from './places.ts';
import type { Connection, World } from './world.ts';

/** One kind of disturbance: when it is possible, and what it does. */
interface Disturbance {
  readonly name: string;
  readonly possible: (world: World) => boolean;
  readonly run: (tables: Tables, world: World) => void;
}

const KINDS: readonly Disturbance[] = [
  {
    name: 'the caller aborts',
    possible: ({ sender }) => sender !== 'done',
    run: (tables, world) => atSender(tables, world, 'abort'),
  },
  {
    name: 'the sender, back again, gives up on the job under its key',
    possible: ({ hub }) => hub === 'orphaned',
    run: (tables, world) => atHub(tables, world, 'cancel'),
  },
  {
    name: 'the sender gives the hub up',
    possible: ({ sender }) => sender !== 'done',
    run: (tables, world) => atSender(tables, world, 'overdue'),
  },
  {
    name: 'the sender’s connection is cut',
    possible: ({ senderLink }) => !senderLink.cut,
    run: (_tables, world) => cut(world.senderLink),
  },
  {
    name: 'the provider’s connection is cut',
    possible: ({ providerLink }) => !providerLink.cut,
    run: (_tables, world) => cut(world.providerLink),
  },
  {
    name: 'the provider’s process dies',
    possible: ({ runs, providerLink }) => runs > 0 || !providerLink.cut,
    run: crash,
  },
  { name: 'the sender is revoked', possible: ({ senderLink }) => senderLink.hub === 'up', run: revokeSender },
  { name: 'the provider is revoked', possible: ({ revokedProvider }) => !revokedProvider, run: revokeProvider },
  { name: 'the hub drains', possible: ({ draining, hub }) => !draining && hub !== 'done', run: drain },
  { name: 'the hub stops', possible: ({ stopped }) => !stopped, run: shutdown },
];

/** What may go wrong next, within what is left of the bound. */
export function* disturbancesOf(world: World): Generator<Move> {
  if (mayConnect(world)) yield { name: 'the provider connects', certain: false, run: connect };
  if (world.disturbances === 0) return;
  for (const { name, possible, run } of KINDS) {
    if (!possible(world)) continue;
    yield {
      name,
      certain: false,
      run: (tables, next) => {
        next.disturbances--;
        run(tables, next);
      },
    };
  }
}

/** What is on its way is lost; neither end knows yet. */
function cut(link: Connection): void {
  link.cut = true;
  link.toHub = [];
  link.fromHub = [];
}

/** The process is gone, and what it remembers but for what it wrote down; it may start again. */
function crash(_tables: Tables, world: World): void {
  cut(world.providerLink);
  world.providerLink.machine = 'gone';
  world.deliveries = [];
  // A refusal is not written down: it ran nothing, and the key may try again.
  if (!world.remembered || world.job === 'refused') world.job = 'none';
  else if (world.job === 'running' || world.job === 'acting') world.job = 'unknown';
  world.crashes++;
}

function mayConnect({ providerLink, revokedProvider, stopped }: World): boolean {
  return providerLink.machine === 'gone' && !revokedProvider && !stopped;
}

/** The provider connects (again). If the hub has not noticed the end of the old connection, it notices now. */
function connect(tables: Tables, world: World): void {
  if (world.providerLink.hub === 'up') hubNoticesProvider(tables, world);
  for (const delivery of world.deliveries) delivery.current = false;
  world.connectedRun = world.crashes;
  world.providerLink = { cut: false, hub: 'up', machine: 'up', toHub: [], fromHub: [] };
}

function revokeSender(tables: Tables, world: World): void {
  const { senderLink } = world;
  closeByHub(senderLink);
  atHub(tables, world, 'senderRevoked');
}

function revokeProvider(tables: Tables, world: World): void {
  const isTarget = world.targeted && world.providerLink.hub === 'up';
  if (isTarget || world.hub === 'waiting') atHub(tables, world, 'targetRevoked');
  closeByHub(world.providerLink);
  world.revokedProvider = true;
}

function drain(tables: Tables, world: World): void {
  world.draining = true;
  atHub(tables, world, 'drain');
}

function shutdown(tables: Tables, world: World): void {
  world.draining = true;
  world.stopped = true;
  atHub(tables, world, 'shutdown');
  closeByHub(world.senderLink);
  closeByHub(world.providerLink);
}

/** What the hub has said still arrives, then the close; it hears nothing more. */
function closeByHub(link: Connection): void {
  if (link.hub === 'gone') return;
  link.hub = 'gone';
  link.toHub = [];
  if (!link.cut) link.fromHub.push('closed');
}
