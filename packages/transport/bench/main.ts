import { createAuthority } from '../test/pki.ts';
import type { LoadResult } from '../../../tooling/measure/load.ts';
import { bulk } from './scenarios/bulk.ts';
import { handshakes, idle } from './scenarios/connections.ts';
import { findNatsServer, natsRelay } from '../../../tooling/measure/nats/nats.ts';
import { relay } from './scenarios/relay.ts';
import { commandLine } from '../../../tooling/command-line/command-line.ts';

const { only, 'without-nats': withoutNats } = commandLine({
  name: 'bench transport',
  about: `What the transport makes of this machine: messages through a relay beside nats-server and others, bulk bytes, handshakes,
idle connections. The last line is JSON.`,
  options: {
    only: { some: ['relay', 'bulk', 'handshakes', 'idle'], about: 'these parts' },
    'without-nats': { flag: false, about: 'do not compare with nats-server' },
  },
});
const figures: Record<string, number> = {};
const MIB = 1024 * 1024;

/** Each way to relay in the table, and in the keys of the JSON. */
const RELAY_KEYS = {
  qconn: 'qconn',
  'qconn, 1,350-byte packets': 'qconn1350',
  'TLS over TCP': 'tls',
  'classes of @matrixai/quic': 'matrixai',
  'nats-server': 'nats',
} as const;

const authority = await createAuthority('bench root');
const identities = {
  server: await authority.issue({ name: 'hub', dns: ['localhost'], ips: ['127.0.0.1'] }),
  client: await authority.issue({ name: 'machine' }),
};

if (only.has('relay')) await benchRelay();
if (only.has('bulk')) await benchBulk();
if (only.has('handshakes')) {
  const { perSecond, perCpuSecond } = await handshakes(identities, 5_000);
  Object.assign(figures, { handshakesPerSecond: perSecond, handshakesPerCpuSecond: perCpuSecond });
  console.log(`handshakes accepted       ${perSecond}/s, ${perCpuSecond} per second of processor time`);
}
if (only.has('idle')) {
  const { bytesEach, cpuFraction } = await idle(identities, 5_000, 12_000);
  Object.assign(figures, { bytesPerIdleConnection: bytesEach, idleCpuFraction: cpuFraction });
  console.log(`5,000 idle connections    ${bytesEach} bytes each, ${(cpuFraction * 100).toFixed(1)} % of a core`);
}
console.log(JSON.stringify({ bench: 'transport', ...figures }));

async function benchRelay(): Promise<void> {
  const server = findNatsServer();
  if (server === undefined && !withoutNats) {
    throw new Error('nats-server is not installed: `apt-get install nats-server`, or say --without-nats.');
  }
  const ours = await relay('quic', identities);
  const ethernet = await relay('quic-1350', identities);
  const tls = await relay('tls', identities);
  const matrixai = await relay('matrixai', identities);
  const nats = server === undefined || withoutNats ? undefined : await natsRelay(server, identities);
  console.log('relay of 256-byte messages        in flight   messages/s   p50 µs   p99 µs   hub µs each');
  for (const [name, results] of [
    ['qconn', ours],
    ['qconn, 1,350-byte packets', ethernet],
    ['TLS over TCP', tls],
    ['classes of @matrixai/quic', matrixai],
    ['nats-server', nats],
  ] as const) {
    for (const result of results ?? []) recordLoad(name, result);
  }
  if (nats !== undefined) compare(ours, nats);
}

function recordLoad(
  name: keyof typeof RELAY_KEYS,
  { inFlight, perSecond, p50Us, p99Us, hubUs }: LoadResult & { hubUs?: number },
): void {
  console.log(
    `  ${name.padEnd(30)} ${String(inFlight).padStart(9)} ${String(perSecond).padStart(12)} ${String(p50Us).padStart(8)} ${String(p99Us).padStart(8)} ${String(hubUs ?? '').padStart(13)}`,
  );
  const key = `relay.c${inFlight}.${RELAY_KEYS[name]}`;
  Object.assign(figures, {
    [`${key}.perSecond`]: perSecond,
    [`${key}.p50Us`]: p50Us,
    [`${key}.p99Us`]: p99Us,
    ...(hubUs === undefined ? {} : { [`${key}.hubUs`]: hubUs }),
  });
}

function compare(ours: readonly LoadResult[], nats: readonly LoadResult[]): void {
  ours.forEach((mine, index) => {
    const theirs = nats[index];
    if (theirs === undefined) return;
    const key = `relay.c${mine.inFlight}`;
    figures[`${key}.p50Ratio`] = ratio(mine.p50Us, theirs.p50Us);
    figures[`${key}.p99Ratio`] = ratio(mine.p99Us, theirs.p99Us);
    figures[`${key}.throughputRatio`] = ratio(mine.perSecond, theirs.perSecond);
  });
}

async function benchBulk(): Promise<void> {
  const tls = await bulk('tls', identities, 1_024 * MIB);
  const large = await bulk('quic', identities, 1_024 * MIB);
  const small = await bulk('quic-1350', identities, 1_024 * MIB);
  console.log('1 GiB through one stream               MB/s   source MB   sink MB   CPU ns/byte   processors');
  for (const [name, result] of [
    ['TLS over TCP', tls],
    ['qconn, 16 KB packets', large],
    ['qconn, 1,350-byte packets', small],
  ] as const) {
    console.log(
      `  ${name.padEnd(32)} ${String(result.mbPerSecond).padStart(8)} ${String(result.sourceRssMb).padStart(11)} ${String(result.sinkRssMb).padStart(9)}` +
        ` ${String(result.cpuNsPerByte).padStart(13)} ${`${result.sourceCpu} + ${result.sinkCpu}`.padStart(12)}`,
    );
  }
  Object.assign(figures, {
    'bulk.tlsMbPerSecond': tls.mbPerSecond,
    'bulk.mtu16kMbPerSecond': large.mbPerSecond,
    'bulk.mtu1350MbPerSecond': small.mbPerSecond,
    'bulk.mtu16kCpuNsPerByte': large.cpuNsPerByte,
    'bulk.mtu1350CpuNsPerByte': small.cpuNsPerByte,
    'bulk.mtu1350Processors': Number((small.sourceCpu + small.sinkCpu).toFixed(2)),
    'bulk.mtu16kRatio': ratio(large.mbPerSecond, tls.mbPerSecond),
    'bulk.mtu1350Ratio': ratio(small.mbPerSecond, tls.mbPerSecond),
    'bulk.rssMaxMb': Math.max(large.sourceRssMb, large.sinkRssMb, small.sourceRssMb, small.sinkRssMb),
  });
}

function ratio(mine: number, theirs: number): number {
  return Number((mine / theirs).toFixed(2));
}
