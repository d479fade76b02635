import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startPostgres } from '@qconn/testkit';
import { commandLine } from '../../../tooling/command-line/command-line.ts';
import { quantile } from '../../../tooling/measure/quantile.ts';

import { openStore, type Store, type StoreLocation } from '../src/index.ts';
import { admin, newRequest, newToken } from '../test/fixtures.ts';

commandLine({
  name: 'bench store',
  about: `What opening, enrolments, approvals, announcements and loading the policy take in the store, on both databases. PostgreSQL runs as tests run it, without fsync: a
real disk adds its flush to each commit. Certificates are not issued, as that is not the store's work. The last line is JSON.`,
  options: {},
});

const CLIENTS = 16;

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  const result = await work();
  return [result, performance.now() - start];
}

/** Enrols machines from several clients at once, then approves them one after another. */
async function fleet(store: Store, size: number): Promise<{ enrolmentsPerSecond: number; approvals: number[] }> {
  const token = newToken({ uses: size });
  await store.tokens.create({ ...token, ...admin });
  const machines: string[] = [];
  let started = 0;
  const client = async (): Promise<void> => {
    while (started++ < size) machines.push((await store.enrol(newRequest(token))).machine.fingerprint);
  };
  const [, elapsed] = await timed(async () => await Promise.all(Array.from({ length: CLIENTS }, client)));
  const approvals: number[] = [];
  for (const [index, fingerprint] of machines.entries()) {
    approvals.push(
      (
        await timed(
          async () =>
            await store.machines.approve({
              fingerprint,
              hostname: `bench-${size}-${index}`,
              roles: ['bench'],
              ...admin,
            }),
        )
      )[1],
    );
  }
  return { enrolmentsPerSecond: (size / elapsed) * 1000, approvals };
}

/** From the start of a change to the listener's call. */
async function announcements(store: Store, count: number): Promise<number[]> {
  let heard = (): void => {};
  const stop = await store.policy.onChange(() => heard());
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const announced = new Promise<void>((resolve) => (heard = resolve));
    times.push(
      (
        await timed(
          async () => await Promise.all([announced, store.roles.put({ name: 'bench', grants: [], ...admin })]),
        )
      )[1],
    );
  }
  stop();
  return times;
}

async function measure(location: StoreLocation, size: number): Promise<object> {
  const [first, firstOpenMs] = await timed(async () => await openStore(location));
  await first.close();
  const [store, openMs] = await timed(async () => await openStore(location));
  await store.roles.put({ name: 'bench', grants: [], ...admin });
  await fleet(store, 50);
  const { enrolmentsPerSecond, approvals } = await fleet(store, size);
  const announced = await announcements(store, 100);
  const [, loadMs] = await timed(async () => await store.policy.load(admin));
  await store.close();
  const figures = {
    firstOpenMs,
    openMs,
    enrolmentsPerSecond,
    approvalMsP50: quantile(approvals, 0.5),
    approvalMsP99: quantile(approvals, 0.99),
    announcedMsP99: quantile(announced, 0.99),
    loadMs,
  };
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Math.round(value * 10) / 10]));
}

const folder = mkdtempSync(join(tmpdir(), 'qconn-bench-'));
const server = await startPostgres();
try {
  const postgres = await measure({ url: server.url }, 1_000);
  const pglite = await measure({ folder: join(folder, 'data') }, 300);
  console.table({ PostgreSQL: postgres, PGlite: pglite });
  console.log(JSON.stringify({ postgres, pglite }));
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
