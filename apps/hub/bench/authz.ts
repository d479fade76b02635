import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { runSql, startPostgres } from '@qconn/testkit';
import { administeredFleet } from './authz/administered-fleet.ts';
import { changeTimes } from './authz/change-times.ts';
import { listTimes } from './authz/list-times.ts';
import { commandLine } from '../../../tooling/command-line/command-line.ts';
import { quantile } from '../../../tooling/measure/quantile.ts';
import { ServedHub } from './identity/served-hub.ts';

commandLine({
  name: 'bench authz',
  about: `What authorization and its administration cost, with 1,000 roles of 100 grants and 100,000 machines. Decisions are measured in
a process of their own (bench decide alone); lists over HTTPS from a hub that is a process, on PostgreSQL; a change from
before it is written by one hub to when it is in force on another. PostgreSQL runs as tests run it, without fsync: a real
disk adds its flush to each commit. The last line is JSON.`,
  options: {},
});

const FLEET = 100_000;

const decisions = measureDecisions();
const server = await startPostgres();
const hub = new ServedHub(server.url);
try {
  await hub.initialise();
  await runSql(server.url, ...administeredFleet(FLEET, Date.now()));
  await hub.serve();
  const lists = await listTimes(hub);
  await hub.close();
  const changes = await changeTimes(server.url);
  for (const [list, times] of lists)
    console.log(`${list.padEnd(36)} p50 ${round(quantile(times, 0.5))} ms, p99 ${round(quantile(times, 0.99))} ms`);
  console.log(`a change in force: p50 ${round(quantile(changes, 0.5))} ms`);
  console.log(
    JSON.stringify({
      ...decisions,
      bench: 'authz',
      // Of the slowest list.
      listMsP99: round(Math.max(...[...lists.values()].map((times) => quantile(times, 0.99)))),
      policyChangeMsP99: round(quantile(changes, 0.99)),
    }),
  );
} finally {
  await hub.close();
  await server.stop();
}

function measureDecisions(): Record<string, number> {
  const bench = path.resolve(import.meta.dirname, '../../../packages/authz/bench/decide.ts');
  const said = execFileSync(process.execPath, ['--conditions=@qconn/source', '--expose-gc', bench], {
    encoding: 'utf8',
  });
  return JSON.parse(said.trimEnd().split('\n').at(-1) ?? '{}') as Record<string, number>;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
