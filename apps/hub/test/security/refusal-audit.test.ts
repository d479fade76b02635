import { ManualClock } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';
import type { AuditEntry, Act } from '@qconn/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FIRST_ROW_MS, KINDS_MAX, RefusalAudit, ROW_EVERY_MS } from '../../src/security/refusal-audit.ts';
import type { SecurityEvent } from '../../src/security/security-event.ts';
import { CapturedLog } from '../hub/captured-log.ts';

const REFUSED: SecurityEvent = { event: 'enrolment_refused', remote: '192.0.2.7', code: 'token_unknown' };

interface Row {
  readonly total: number;
  readonly beyond?: number;
  readonly refusals: readonly { readonly event: string; readonly source: string; readonly count: number }[];
}

let clock: ManualClock;
let rows: (AuditEntry & Act)[];
let down: boolean;
let audit: RefusalAudit;

beforeEach(() => {
  clock = new ManualClock();
  rows = [];
  down = false;
  const note = async (entry: AuditEntry & Act): Promise<void> => {
    if (down) throw new QconnError('database_unavailable');
    rows.push(entry);
  };
  audit = new RefusalAudit({ clock, store: { audit: { note } }, log: new CapturedLog().logger, hubId: 'hub-1' });
});

afterEach(() => audit.close());

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await new Promise((resolve) => setImmediate(resolve));
}

const row = (n: number): Row => rows[n]?.after as Row;

test('a refusal is in the trail within a second, with who, from where and why', async () => {
  audit.observe({ ...REFUSED, actor: 'machine:qc1a' });
  await pass(FIRST_ROW_MS);
  expect(rows).toMatchObject([{ act: 'security.refusals', subject: 'hub-1', actor: 'hub' }]);
  expect(row(0)).toMatchObject({
    total: 1,
    refusals: [
      { event: 'enrolment_refused', code: 'token_unknown', source: '192.0.2.7', actor: 'machine:qc1a', count: 1 },
    ],
  });
});

test('a flood takes a row a minute, counted', async () => {
  for (let second = 0; second < 180; second++) {
    for (let n = 0; n < 1_000; n++) audit.observe(REFUSED);
    await pass(1_000);
  }
  await pass(ROW_EVERY_MS);
  expect(rows).toHaveLength(4);
  expect(rows.reduce((sum, { after }) => sum + (after as Row).total, 0)).toBe(180_000);
  expect(row(1).refusals).toHaveLength(1);
});

test('a flood of many kinds takes no more room than a hundred of them', async () => {
  for (let n = 0; n < 5_000; n++) audit.observe({ ...REFUSED, remote: `10.0.${n >> 8}.${n & 255}` });
  await pass(FIRST_ROW_MS);
  expect(row(0)).toMatchObject({ total: 5_000, beyond: 5_000 - KINDS_MAX });
  expect(row(0).refusals).toHaveLength(KINDS_MAX);
});

test('what cannot be written is written later, together with what has come since', async () => {
  down = true;
  audit.observe(REFUSED);
  await pass(FIRST_ROW_MS);
  audit.observe(REFUSED);
  await pass(ROW_EVERY_MS);
  expect(rows).toEqual([]);
  down = false;
  await pass(ROW_EVERY_MS);
  expect(row(0)).toMatchObject({ total: 2 });
  expect(row(0).refusals).toMatchObject([{ count: 2 }]);
});

test('who proves to be somebody is no refusal; what is left is written at the end', async () => {
  audit.observe({ event: 'session_authenticated', remote: '192.0.2.7' });
  expect(clock.pendingTimers).toBe(0);
  audit.observe(REFUSED);
  await audit.close();
  expect(rows).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
});
