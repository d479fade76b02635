import { compilePolicy } from '@qconn/authz';
import { systemClock } from '@qconn/clock';
import {
  encodeAck,
  encodeRequest,
  encodeResponse,
  FrameReader,
  PackedWriter,
  QconnError,
  type Frame,
} from '@qconn/protocol';
import { SessionTable, type Session } from '@qconn/routing';
import { loadHubConfig } from '../../src/config/hub-config.ts';
import { HubFrameMemory } from '../../src/relay/frame-memory.ts';
import type { Peer } from '../../src/relay/peer.ts';
import { relayLimits } from '../../src/relay/relay-limits.ts';
import { Relay } from '../../src/relay/relay.ts';
import { ROLE, SERVICE_TYPE } from './machines.ts';

/** What the relay alone costs: frames in, decisions, frames out, and nothing of the transport. */
export interface LogicResult {
  readonly cpuUsPerExchange: number;
  readonly allocatedBytesPerExchange: number;
}

const MACHINES = 10_000;
const WARM_UP = 50_000;
const EXCHANGES = 200_000;
const AT_ONCE = 64;
const NOTHING = new Uint8Array(0);
/** One pair sends faster than one machine may. */
const NO_QUOTA = {
  QCONN_HUB_LIMITS_MESSAGES_PER_SECOND: '1000000',
  QCONN_HUB_LIMITS_BYTES_PER_SECOND: '1000000000',
};

/** Exchanges in this process, by turns between so many pairs of ten thousand machines that the policy knows. */
export function relayLogic(pairs: number = MACHINES / 2): LogicResult {
  const table = new SessionTable<Peer>();
  const config = loadHubConfig({ environment: NO_QUOTA });
  const names = Array.from({ length: MACHINES }, (_, index) => `qc1m${index}`);
  const policy = compilePolicy({
    generation: 1,
    roles: [
      {
        name: ROLE,
        grants: (['submit', 'provide'] as const).map((verb) => ({
          effect: 'allow' as const,
          verb,
          serviceTypes: [SERVICE_TYPE],
        })),
      },
    ],
    machines: names.map((fingerprint, index) => ({
      fingerprint,
      status: 'authorized' as const,
      hostname: `m-${index}`,
      labels: {},
      roles: [ROLE],
    })),
  });
  const relay = new Relay(
    {
      clock: systemClock,
      memory: new HubFrameMemory(),
      random: Math.random,
      sessions: table,
      policy: () => policy,
      knownMachine: () => undefined,
      onEnded: () => undefined,
      onRefused: (code) => {
        throw new QconnError(code);
      },
      onRelayed: () => undefined,
      onBodiesOver: () => undefined,
    },
    relayLimits(() => config),
  );
  const sessions = names.map((fingerprint, index) => {
    const session = table.add({
      id: fingerprint,
      fingerprint,
      hostname: `m-${index}`,
      value: new SilentPeer(),
    }).session;
    if (index % 2 === 1) relay.provided(table.provide(session, 'echo', [SERVICE_TYPE]));
    return session;
  });
  const run = (count: number): void => {
    for (let done = 0; done < count; done += AT_ONCE) round(relay, sessions, pairs, done);
  };
  run(WARM_UP);
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  const few = 2_000;
  // Few enough that nothing is collected meanwhile.
  run(few);
  const allocated = process.memoryUsage().heapUsed - heapBefore;
  const before = process.cpuUsage();
  run(EXCHANGES);
  const { user, system } = process.cpuUsage(before);
  relay.close();
  return {
    cpuUsPerExchange: Number(((user + system) / EXCHANGES).toFixed(2)),
    allocatedBytesPerExchange: Math.round(allocated / few),
  };
}

const writer = new PackedWriter();
const body = new Uint8Array(256);
let lastId = 0;

/** So many exchanges side by side: all are requested, then acknowledged and answered. */
function round(relay: Relay, sessions: readonly Session<Peer>[], pairs: number, from: number): void {
  for (let index = 0; index < AT_ONCE; index++) {
    const sender = ((from + index) % pairs) * 2;
    lastId++;
    const address = { serviceType: SERVICE_TYPE, machine: `m-${sender + 1}`, device: 'echo' };
    const request = { address, resolutionMs: 10_000, jobMs: 30_000, idempotencyKey: undefined, stickyKey: undefined };
    const frame = encodeRequest(writer, lastId, {
      ...request,
      waitForTarget: false,
      inquiry: false,
      headers: NOTHING,
      body,
    });
    relay.request(sessions[sender] as Session<Peer>, frameOf(frame));
    const provider = sessions[sender + 1] as Session<Peer>;
    const { delivered } = provider.value as SilentPeer;
    relay.fromProvider(provider, frameOf(encodeAck(writer, delivered)));
    relay.fromProvider(provider, frameOf(encodeResponse(writer, delivered, { headers: NOTHING, body })));
  }
}

let found: Frame | undefined;
const reader = new FrameReader((frame) => (found = frame));

function frameOf(bytes: Uint8Array): Frame {
  reader.push(bytes);
  return found as Frame;
}

class SilentPeer implements Peer {
  holdBack(): void {}

  readonly bufferedBytes = 0;
  readonly instance = 'bench';
  readonly remembersJobs = false;
  /** The hub's number of what it was sent last. */
  delivered = 0;

  send(id: number): void {
    this.delivered = id;
  }

  writable(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}

  openBody(): never {
    throw new QconnError('closed');
  }
}
