import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Client } from '@qconn/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram, startProgram } from '../src/program.ts';
import { Site } from '../src/site.ts';

let site: Site;
let archive: Client;
let agent: ChildProcess;
let config: string;
let outbox: string;
/** What the archive has been sent: name in the header, and the body's digest. */
const stored: { name: string; digest: string }[] = [];
let told: () => void = () => {};

beforeAll(async () => {
  site = await Site.open();
  archive = await site.member('archive', [{ effect: 'allow', verb: 'provide', serviceTypes: ['*'] }]);
  await archive.provide({ device: 'a', serviceTypes: ['report.store'] }, async ({ headers, stream }) => {
    const hash = createHash('sha256');
    for await (const piece of stream) hash.update(piece);
    const digest = hash.digest('hex');
    stored.push({ name: headers['file-name'] ?? '', digest });
    told();
    return digest;
  });
  await site.enrol('desk');
  await site.authorize('desk', [{ effect: 'allow', verb: 'submit', serviceTypes: ['*'] }]);
  outbox = join(site.folder, 'outbox');
  mkdirSync(outbox);
  config = join(site.folder, 'desk.yaml');
  writeFileSync(
    config,
    `credentials: desk
local: { submit: [report.*] }
outboxes: [{ folder: outbox, to: report.store@archive/a, settleMs: 10 }]
`,
  );
  agent = startProgram('agent', ['run', '--config', config, '--log-format', 'json']);
  for await (const line of createInterface({ input: agent.stderr! })) if (line.includes('online as desk')) break;
  agent.stderr?.resume();
});

afterAll(async () => {
  agent.kill();
  if (agent.exitCode === null) await once(agent, 'exit');
  await site.close();
});

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

test('a local program sends through the running agent, short and long, without the key', async () => {
  for (const bytes of [5, 300_000]) {
    const file = join(site.folder, `report-${bytes}`);
    writeFileSync(file, Buffer.alloc(bytes, 7));
    const { code, stdout, stderr } = await runProgram('agent', [
      'send',
      'report.store@archive',
      file,
      '--config',
      config,
    ]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: digestOf(file), stderr: 'completed by archive / a\n' });
  }
});

test('and only what the configuration allows', async () => {
  const { code, stderr } = await runProgram('agent', ['send', 'print@archive', config, '--config', config]);
  expect(code).toBe(3);
  expect(stderr).toContain('add it to local.submit');
});

test('a file that appears in the outbox is sent, however long', async () => {
  stored.length = 0;
  const arrived = new Promise<void>((resolve) => (told = resolve));
  const path = join(site.folder, 'long report.csv');
  writeFileSync(path, Buffer.alloc(200_000, 9));
  const digest = digestOf(path);
  // Whole at once: a machine that stands still while it is being written leaves it as it is for longer than settleMs.
  renameSync(path, join(outbox, 'long report.csv'));
  await arrived;
  expect(stored).toEqual([{ name: 'long%20report.csv', digest }]);
});
