import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, CredentialStore } from '@qconn/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../src/doctor/finding.ts';
import { runAgent } from './agent-process.ts';
import { FakeHub } from './fake-hub.ts';
import { FakeHubServer } from './fake-hub-server.ts';

const YEAR_MS = 365 * 86_400_000;

let folder: string;
let server: FakeHubServer;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'qconn-clock-'));
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** The hub and its certificates live at another time, which is this machine's clock being wrong. */
async function enrolledAt(aheadMs: number): Promise<CredentialStore> {
  server = await FakeHubServer.start(new FakeHub(), { aheadMs });
  const store = new CredentialStore(path.join(folder, 'machine'));
  await store.save(await server.credential());
  return store;
}

describe.each([
  ['behind', YEAR_MS, /server’s certificate does not verify: by the client’s clock it has expired or is not valid yet/],
  ['ahead of', -YEAR_MS, /certificate of 127.0.0.1:\d+ is not valid at this time; check the clocks of both sides/],
])('a clock that is a year %s the hub’s', (where, aheadMs, says) => {
  test('is named as what keeps the client from the hub, and it goes on trying', async () => {
    const client = await connect({ credentials: await enrolledAt(aheadMs), agent: 'wrong-clock/1' });
    try {
      const events = client.events();
      for await (const event of events) {
        if (event.kind !== 'phase' || event.phase !== 'backing_off') continue;
        expect(event.reason?.message).toMatch(says);
        expect(`${event.reason?.message} ${event.reason?.action}`).toContain('clock');
        expect(event.waitMs).toBeLessThan(1_000);
        break;
      }
    } finally {
      await client.close(0);
    }
  });

  test('is what doctor finds, with how far it is off and what to do', async () => {
    await enrolledAt(aheadMs);
    writeFileSync(path.join(folder, 'agent.yaml'), `hub: ${server.url}\ncredentials: machine\n`);
    const { code, stdout } = await runAgent(['doctor', '--config', path.join(folder, 'agent.yaml'), '--json']);
    const findings = JSON.parse(stdout) as Finding[];
    const of = (check: string): Finding | undefined => findings.find((finding) => finding.check === check);
    expect(code).toBe(1);
    expect(of('clock')).toMatchObject({ state: 'failed', detail: expect.stringContaining(where) });
    expect(of('clock')?.detail).toMatch(/^is 36[45] days /);
    for (const check of ['credential', 'hub HTTPS (TCP)', 'clock', 'hub QUIC (UDP)'])
      expect(of(check), check).toMatchObject({ state: 'failed', action: expect.stringMatching(/clock|timedatectl/) });
  });
});
