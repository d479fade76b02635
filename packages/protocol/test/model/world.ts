import type { ErrorCode, HubState, ProviderState, SenderState } from '@qconn/protocol';

/** A frame on its way, or the news that the other end has closed the connection. */
export type Word =
  | 'request'
  | 'deliver'
  | 'redeliver'
  | 'ack'
  | 'progress'
  | 'extend'
  | 'response'
  | 'cancel'
  | 'stages'
  | 'stagesAcknowledged'
  | 'closed'
  | `outcome ${ErrorCode}`;

/** What a connection looks like from one end: it may be cut long before that end notices. */
export type End = 'up' | 'gone';

/** A connection: two channels, each in order, that lose what is on its way when they are cut. */
export interface Connection {
  cut: boolean;
  /** As the hub sees it. */
  hub: End;
  /** As the machine at the other end sees it. */
  machine: End;
  toHub: Word[];
  fromHub: Word[];
}

/**
 * What the handler of the job is doing, or has done, in the provider's memory of the exchange;
 * `acting` once it has done something that cannot be undone, `unknown` when the process died over it and remembers that.
 */
export type Job = 'none' | 'running' | 'acting' | 'returned' | 'threw' | 'refused' | 'unknown';

/** One delivery of the exchange to the provider. */
export interface Delivery {
  state: ProviderState;
  /** Whether it came over the provider's present connection. */
  current: boolean;
  /** Whether the handler was started for it. */
  runs: boolean;
}

/** One exchange with its three places and the connections between them. */
export interface World {
  sender: SenderState;
  /** The last word that the caller had, and how many it had. */
  final: ErrorCode | 'result' | undefined;
  finals: number;
  hub: HubState | 'absent';
  deliveriesSent: number;
  /** The hub has heard the acknowledgement. */
  acknowledged: boolean;
  jobDeadlineArmed: boolean;
  /** Final frames that the hub has sent to the sender. */
  hubFinals: number;
  draining: boolean;
  stopped: boolean;
  /** The exchange was forwarded over the provider's present connection, and the hub waits for it. */
  targeted: boolean;
  deliveries: Delivery[];
  job: Job;
  /** Some run of the handler has done something that cannot be undone. */
  effect: boolean;
  /** Runs of the handler, but for those that refused. */
  runs: number;
  crashes: number;
  /** The job has an idempotency key, and the provider remembers it over restarts. */
  remembered: boolean;
  /** Which run of the provider's process is connected, and to which the exchange was forwarded: a count of crashes. */
  connectedRun: number;
  forwardedTo: number;
  revokedProvider: boolean;
  /** How often the handler still tells progress or asks for time. */
  signsLeft: number;
  senderLink: Connection;
  providerLink: Connection;
  /** How many disturbances are still to come, at most. */
  disturbances: number;
}

/** The sender has just written its request; the provider is connected, or will be later; or it remembers jobs. */
export function firstWorlds(disturbances: number): World[] {
  return [
    firstWorld(disturbances, true, false),
    firstWorld(disturbances, false, false),
    firstWorld(disturbances, true, true),
  ];
}

function firstWorld(disturbances: number, providerConnected: boolean, remembered: boolean): World {
  return {
    sender: 'sent',
    final: undefined,
    finals: 0,
    hub: 'absent',
    deliveriesSent: 0,
    acknowledged: false,
    jobDeadlineArmed: false,
    hubFinals: 0,
    draining: false,
    stopped: false,
    targeted: false,
    deliveries: [],
    job: 'none',
    effect: false,
    runs: 0,
    crashes: 0,
    remembered,
    connectedRun: 0,
    forwardedTo: 0,
    revokedProvider: false,
    signsLeft: 1,
    senderLink: { cut: false, hub: 'up', machine: 'up', toHub: ['request'], fromHub: [] },
    providerLink: {
      cut: !providerConnected,
      hub: providerConnected ? 'up' : 'gone',
      machine: providerConnected ? 'up' : 'gone',
      toHub: [],
      fromHub: [],
    },
    disturbances,
  };
}

export function copyOf(world: World): World {
  return {
    ...world,
    deliveries: world.deliveries.map((delivery) => ({ ...delivery })),
    senderLink: copyOfLink(world.senderLink),
    providerLink: copyOfLink(world.providerLink),
  };
}

/**
 * Takes out of a world what can have no effect any more, so that worlds which differ in nothing else
 * are visited once: frames for a place that is done (a table test shows that `done` has no rows),
 * deliveries that are over, disturbances once only the handler is left, which then ends as it would.
 */
export function simplify(world: World): World {
  const { senderLink, providerLink } = world;
  world.deliveries = world.deliveries.filter(({ state }) => state !== 'done');
  if (world.sender === 'done') {
    senderLink.fromHub = [];
    senderLink.machine = 'gone';
  }
  if (world.hub === 'done') {
    senderLink.toHub = [];
    senderLink.hub = 'gone';
    providerLink.toHub = [];
    world.deliveriesSent = 0;
    world.connectedRun = 0;
    world.forwardedTo = 0;
    world.acknowledged = false;
  }
  if (world.hub === 'done' && world.sender === 'done') world.disturbances = 0;
  return world;
}

/** Equal for equal worlds. */
export function keyOf(world: World): string {
  const { senderLink, providerLink, deliveries, ...rest } = world;
  let places = '';
  for (const value of Object.values(rest)) places += typeof value === 'boolean' ? +value : `${value},`;
  const handed = deliveries.map(({ state, current, runs }) => `${state}${current ? '' : '*'}${runs ? '!' : ''}`).join();
  return `${places}|${handed}|${keyOfLink(senderLink)}|${keyOfLink(providerLink)}`;
}

function copyOfLink(link: Connection): Connection {
  return { ...link, toHub: [...link.toHub], fromHub: [...link.fromHub] };
}

function keyOfLink({ cut, hub, machine, toHub, fromHub }: Connection): string {
  return `${+cut}${hub}${machine}${toHub.join()}<${fromHub.join()}`;
}
