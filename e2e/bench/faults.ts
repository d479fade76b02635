/**
 * How long a machine needs to be back: `npx -y pnpm@12 bench faults [--runs N] [--herd N] [--agent PROGRAM] [--only a,b] [--renewing]`. The hub is a process on
 * PostgreSQL; the faults are made by a UDP relay on loopback, and by killing the hub. Each time is from the fault (or
 * from its end) until the next exchange has completed. The last line is JSON.
 */
import { parseArgs } from 'node:util';
import { createDatabase, startPostgres } from '@qconn/testkit';
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

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '50' },
    herd: { type: 'string', default: '2000' },
    agent: { type: 'string' },
    only: { type: 'string' },
    renewing: { type: 'boolean', default: false },
  },
});
underWay.renewing = values.renewing;
const only = values.only?.split(',');
const wanted = (name: string): boolean => only === undefined || only.includes(name);

/** Every machine of the benchmark is at one address. */
const LIMITS = {
  QCONN_HUB_LIMITS_REQUESTS_PER_SECOND: '100000',
  QCONN_HUB_LIMITS_ENROLMENTS_PER_SECOND: '100000',
};

const server = process.env['DATABASE_URL'] === undefined ? await startPostgres() : undefined;
process.env['DATABASE_URL'] ??= server?.url;
const figures: Record<string, unknown> = { bench: 'faults', ...(values.renewing && { renewing: true }) };
try {
  await onSite(async (site) => {
    const provider = await startProvider(site);
    for (const [name, scenario] of Object.entries(SCENARIOS)) {
      if (!wanted(name)) continue;
      const spread: Spread = await scenario(site, Number(values.runs));
      console.log(`${name.padEnd(14)} p50 ${spread.p50Ms} ms, p99 ${spread.p99Ms} ms`);
      figures[name] = spread;
    }
    await provider.close(0);
  });
  if (wanted('agent')) await onSite(async (site) => tell('agent', await footprint(site, values.agent)));
  if (wanted('sleep'))
    await onSite(async (site) => tell('sleep', await sleep(site)), {
      ...LIMITS,
      QCONN_HUB_CERTIFICATES_MACHINE_VALIDITY_MS: String(VALIDITY_MS),
    });
  if (wanted('herd')) await onSite(async (site) => tell(`herd${values.herd}`, await herd(site, Number(values.herd))));
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
