import { createDatabase, startPostgres } from '@qconn/testkit';
import { commandLine } from '../../tooling/command-line/command-line.ts';
import { SiteProcess } from '../src/site-process.ts';
import { footprint } from './faults/footprint.ts';
import { herd } from './faults/herd.ts';
import type { Spread } from './faults/spread.ts';
import {
  addressChange,
  blackhole,
  dnsMove,
  hubRestart,
  rebinding,
  startProvider,
  underWay,
  type Scenario,
} from './faults/scenarios.ts';
import { sleep, VALIDITY_MS } from './faults/sleep.ts';

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  rebinding,
  addressChange,
  blackhole10s: blackhole,
  hubRestart,
  dnsMove,
};

const {
  runs,
  herd: herdSize,
  agent,
  only,
  renewing,
} = commandLine({
  name: 'bench faults',
  about: `How long a machine needs to be back. The hub is a process on PostgreSQL; the faults are made by a UDP relay on loopback, and by
killing the hub. Each time is from the fault (or from its end) until the next exchange has completed. The last line is JSON.`,
  options: {
    runs: { number: 50, about: 'how often each fault is made' },
    herd: { number: 2_000, about: 'machines that come back at once' },
    agent: { text: 'PROGRAM', about: 'measure this qconn-agent instead of the one in apps/agent' },
    only: { some: [...Object.keys(SCENARIOS), 'agent', 'sleep', 'herd'], about: 'these' },
    renewing: { flag: false, about: 'with a renewal under way in each fault' },
  },
});
underWay.renewing = renewing;

/** Every machine of the benchmark is at one address. */
const LIMITS = {
  QCONN_HUB_LIMITS_REQUESTS_PER_SECOND: '100000',
  QCONN_HUB_LIMITS_ENROLMENTS_PER_SECOND: '100000',
};

const server = process.env['DATABASE_URL'] === undefined ? await startPostgres() : undefined;
process.env['DATABASE_URL'] ??= server?.url;
const figures: Record<string, unknown> = { bench: 'faults', ...(renewing && { renewing: true }) };
try {
  await onSite(async (site) => {
    const provider = await startProvider(site);
    for (const [name, scenario] of Object.entries(SCENARIOS)) {
      if (!only.has(name)) continue;
      const spread: Spread = await scenario(site, runs);
      console.log(`${name.padEnd(14)} p50 ${spread.p50Ms} ms, p99 ${spread.p99Ms} ms`);
      figures[name] = spread;
    }
    await provider.close(0);
  });
  if (only.has('agent')) await onSite(async (site) => tell('agent', await footprint(site, agent)));
  if (only.has('sleep'))
    await onSite(async (site) => tell('sleep', await sleep(site)), {
      ...LIMITS,
      QCONN_HUB_CERTIFICATES_MACHINE_VALIDITY_MS: String(VALIDITY_MS),
    });
  if (only.has('herd')) await onSite(async (site) => tell(`herd${herdSize}`, await herd(site, herdSize)));
  console.log(JSON.stringify(figures));
} finally {
  await server?.stop();
}

async function onSite(
  work: (site: SiteProcess) => Promise<void>,
  environment: Readonly<Record<string, string>> = LIMITS,
): Promise<void> {
  const site = await SiteProcess.open(await createDatabase(), environment);
  try {
    await work(site);
  } finally {
    await site.close();
  }
}

function tell(name: string, value: object): void {
  console.log(`${name.padEnd(14)} ${JSON.stringify(value)}`);
  figures[name] = value;
}
