import { ManualClock } from '@qconn/clock';
import type { CredentialEntry, CredentialFilter } from '@qconn/store';
import { beforeEach, expect, test } from 'vitest';
import { Housekeeping, type HousekeepingDependencies } from '../src/housekeeping.ts';
import { CapturedLog } from './hub/captured-log.ts';

const DAY = 86_400_000;
const NOW = 1_800_000_000_000;

let clock: ManualClock;
let log: CapturedLog;
let entries: CredentialEntry[];
let online: Set<string>;
let asked: CredentialFilter[];
let sweeps: { limit: number }[];
/** Rows that are left to sweep. */
let expired: number;
let issuingNotAfterMs: number;
let renewedByHand: boolean;

beforeEach(() => {
  clock = new ManualClock(NOW);
  log = new CapturedLog();
  [entries, asked, sweeps] = [[], [], []];
  online = new Set();
  expired = 0;
  issuingNotAfterMs = NOW + 100 * DAY;
  renewedByHand = false;
});

function credential(machine: string, notAfter: number, change: Partial<CredentialEntry> = {}): CredentialEntry {
  return {
    serial: machine,
    machine,
    kind: 'machine',
    subject: null,
    issuer: null,
    hostname: `host-${machine}`,
    machineStatus: 'authorized',
    status: notAfter > NOW ? 'live' : 'expired',
    notBefore: notAfter - 7 * DAY,
    notAfter,
    issuedAt: notAfter - 7 * DAY,
    revokedAt: null,
    ...change,
  };
}

/** Keeps house for one round. */
async function round(house?: Housekeeping): Promise<Housekeeping> {
  const dependencies = {
    clock,
    log: log.logger,
    store: {
      credentials: {
        list: async (filter: CredentialFilter) => {
          asked.push(filter);
          const { status, expiresFrom = 0, expiresBefore = Infinity } = filter;
          const fits = (one: CredentialEntry): boolean =>
            one.status === status && one.notAfter >= expiresFrom && one.notAfter < expiresBefore;
          return { items: entries.filter(fits), next: undefined };
        },
      },
      sweep: async ({ limit }: { limit: number }) => {
        sweeps.push({ limit });
        const credentials = Math.min(limit, expired);
        expired -= credentials;
        return { credentials, tokens: 0 };
      },
    },
    authority: {
      issuing: { issuingNotAfterMs, rootNotAfterMs: NOW + 3_000 * DAY, holdsRootKey: true },
      rotation: undefined,
      reload: async () => renewedByHand,
    },
    isOnline: (machine: string) => online.has(machine),
  } as unknown as HousekeepingDependencies;
  const options = { validityMs: 7 * DAY, graceMs: 30 * DAY, keepExpiredMs: 400 * DAY };
  const keeper = house ?? new Housekeeping(dependencies, options);
  if (house === undefined) keeper.start();
  for (let minutes = 0; minutes < 60; minutes++) {
    clock.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return keeper;
}

const events = (): unknown[] =>
  log.lines.map(({ event, machine }) => (machine === undefined ? event : [event, machine]));

test('a certificate that should have been renewed is warned of once, unless its machine is here', async () => {
  entries = [
    credential('away', NOW + DAY),
    credential('here', NOW + DAY),
    credential('fresh', NOW + 6 * DAY),
    credential('revoked', NOW + DAY, { machineStatus: 'revoked' }),
    credential('lapsing', NOW - 28 * DAY),
    credential('long-gone', NOW - 31 * DAY),
  ];
  online.add('here');
  const house = await round();
  const twice = [
    ['credential_expires_soon', 'away'],
    ['credential_lapses_soon', 'lapsing'],
  ];
  expect(events()).toEqual(twice);
  expect(house.atRisk).toEqual({ expiresSoon: 1, lapsesSoon: 1 });
  await round(house);
  expect(events()).toEqual(twice);
  entries = [];
  await round(house);
  expect(house.atRisk).toEqual({ expiresSoon: 0, lapsesSoon: 0 });
  for (const { limit, lastOnly } of asked) expect({ limit, lastOnly }).toEqual({ limit: 1_000, lastOnly: true });
  await house.close();
  expect(clock.pendingTimers).toBe(0);
});

test('many at once have twenty lines and one that counts the rest', async () => {
  entries = Array.from({ length: 25 }, (_, index) => credential(`m${index}`, NOW + DAY));
  const house = await round();
  expect(log.lines).toHaveLength(21);
  expect(log.lines.at(-1)).toMatchObject({ event: 'credential_expires_soon', machines: 5 });
  await house.close();
});

test('what expired long ago is swept in small portions, and only so many of them in a round', async () => {
  expired = 700;
  const house = await round();
  expect(sweeps).toEqual([{ limit: 500 }, { limit: 500 }]);
  expired = 1_000_000;
  await round(house);
  expect(sweeps).toHaveLength(22);
  await house.close();
});

test('a CA that ends soon, and one that was renewed by hand, are told of', async () => {
  issuingNotAfterMs = NOW + 20 * DAY;
  renewedByHand = true;
  const house = await round();
  expect(events()).toContain('ca_expires_soon');
  expect(events().filter((event) => event === 'issuing_ca_renewed')).toHaveLength(60);
  await house.close();
});
