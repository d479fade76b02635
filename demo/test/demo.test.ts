import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BODY_MAX_BYTES } from '@qconn/protocol';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { DemoRun, ROOT } from './demo-run.ts';

const runs: DemoRun[] = [];
afterEach(async () => {
  await Promise.all(runs.splice(0).map((run) => run.cleanUp()));
});

async function start(...args: string[]): Promise<DemoRun> {
  const run = await DemoRun.start(...args);
  runs.push(run);
  return run;
}

/** Does what a kept hub's demo proposes, without pnpm and with the key in the environment instead of in a profile. */
async function greets(run: DemoRun): Promise<void> {
  const [, hub, key, pin] = /qconn login (\S+) (\S+) --pin (\S+)/.exec(run.output) ?? [];
  const cwd = await mkdtemp(join(tmpdir(), 'qconn-hello-test-'));
  onTestFinished(() => rm(cwd, { recursive: true }));
  const node = (program: string): string => `'${process.execPath}' --conditions=@qconn/source '${ROOT}${program}'`;
  const commands = [...run.output.matchAll(/^ {2}npx -y pnpm@12 (?:qconn role put|hello) .*$/gm)].map(([command]) =>
    command
      .replaceAll(/npx -y pnpm@12 (--silent )?qconn/g, node('apps/cli/src/main.ts'))
      .replace('npx -y pnpm@12 hello', node('demo/hello.ts')),
  );
  const env = { ...process.env, QCONN_HUB: hub, QCONN_KEY: key, QCONN_PIN: pin };
  const { stdout } = await promisify(execFile)('sh', ['-ec', commands.join('\n')], { cwd, env });
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('Hello, world!');
}

describe('the demo', () => {
  test('prints a document of 64 KiB, shows every step, and leaves nothing behind', async () => {
    const content = randomBytes(BODY_MAX_BYTES);
    const folder = await start('--help');
    const path = join(folder.temporary, 'document.bin');
    await writeFile(path, content);
    const run = await start(path);
    expect(await run.ended, run.output).toBe(0);
    const sha256 = createHash('sha256').update(content).digest('hex');
    for (const text of [
      /bootstrap secret {2}qb1/,
      /QUIC {2}\(UDP\) +127\.0\.0\.1:\d+/,
      /printer-pc {2,}pending {2}short code [0-9A-Z]{4}-[0-9A-Z]{4} {2}qc1/,
      /lims {2,}pending {2}short code [0-9A-Z]{4}-[0-9A-Z]{4} {2}qc1/,
      /✓ a message from a pending machine is forbidden/,
      /nobody reconnected/,
      /found printer-pc \/ zebra-1: print/,
      /accepted .* ms\n.*resolved .* ms {2}printer-pc \/ zebra-1\n.*forwarded .* ms\n.*acknowledged .* ms\n.*completed .* ms/,
      new RegExp(`sent {6}${sha256}\\n {3}received {2}${sha256}`),
      /forbidden: lims has no role that lets it submit scale\.read/,
      /not_found: machine printer-pc has no device no-such-device/,
      /✓ its connection was closed with the reason revoked/,
      /✓ it cannot connect again/,
    ]) {
      expect(run.output).toMatch(text);
    }
    expect(run.lines.at(-1)).toBe('demo: ok');
    expect(await run.leftFiles()).toEqual([]);
    expect(await run.leftProcesses()).toEqual([]);
  });

  test('cleans up when it is interrupted', async () => {
    const run = await start();
    await run.printed('hub initialised and listening');
    run.interrupt();
    expect(await run.ended).toBe(1);
    expect(run.errors).toBe('demo: failed: interrupted by SIGINT\n');
    expect(await run.leftFiles()).toEqual([]);
    expect(await run.leftProcesses()).toEqual([]);
  });

  test('leaves the hub running on request, and tells how to end it', async () => {
    const run = await start('--keep');
    expect(await run.ended, run.output).toBe(0);
    const [hub] = await run.leftProcesses();
    expect(run.output).toMatch(/qconn login https:\/\/127\.0\.0\.1:\d+ qk_\S+ --pin [0-9a-f]{64}/);
    await greets(run);
    const [, end] = /\nEnd it with:\n {2}(kill .*)\n/.exec(run.output) ?? [];
    expect(end).toContain(`kill ${hub} && `);
    await promisify(execFile)('sh', ['-c', end as string]);
    expect(await run.leftFiles()).toEqual([]);
    await expect.poll(() => run.leftProcesses()).toEqual([]);
  });

  test.each([
    ['a file that does not exist', ['/nowhere/at/all'], /^demo: failed: .*no such file/],
    ['an option that does not exist', ['--nonsense'], /^demo: failed: Unknown option '--nonsense'/],
  ])('refuses %s in one sentence', async (_, args, message) => {
    const run = await start(...args);
    expect(await run.ended).toBe(1);
    expect(run.lines).toHaveLength(1);
    expect(run.output).toMatch(message);
  });

  test('refuses a document over 64 KiB in one sentence', async () => {
    const folder = await start('--help');
    const path = join(folder.temporary, 'large.bin');
    await writeFile(path, Buffer.alloc(BODY_MAX_BYTES + 1));
    const run = await start(path);
    expect(await run.ended).toBe(1);
    expect(run.output.trim()).toBe(`demo: failed: ${path} has 65537 bytes; the demo sends at most 65536.`);
  });
});
