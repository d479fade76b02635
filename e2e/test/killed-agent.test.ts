import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@qconn/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProgram } from '../src/program.ts';
import { Site } from '../src/site.ts';

let site: Site;
let lims: Client;
let agent: ChildProcess;
let runs: string;

beforeAll(async () => {
  site = await Site.open();
  lims = await site.member('lims', [{ effect: 'allow', verb: 'submit', serviceTypes: ['work'] }]);
  await site.enrol('agent');
  await site.authorize('agent', [{ effect: 'allow', verb: 'provide', serviceTypes: ['work'] }]);
  runs = join(site.folder, 'runs');
  await writeFile(runs, '');
  // Each run leaves its name; one that is told to wait ends only when its agent has been killed.
  const wait = 'while kill -0 $PPID 2>/dev/null; do sleep 0.1; done';
  const script = `read -r line; echo "$line" >> "$1"; case "$line" in wait*) ${wait};; *) printf "done %s" "$line";; esac`;
  await writeFile(
    join(site.folder, 'agent.json'),
    JSON.stringify({
      credentials: join(site.folder, 'agent'),
      log: { format: 'json' },
      devices: [
        {
          name: 'd',
          serviceTypes: ['work'],
          adapter: { type: 'exec', argv: ['/bin/sh', '-c', script, 'sh', runs], timeoutMs: 600_000 },
        },
      ],
    }),
  );
  agent = startAgent();
});

afterAll(async () => {
  await kill();
  await site.close();
});

/** Requests wait for it to be there. */
function startAgent(): ChildProcess {
  const child = startProgram('agent', ['run', '--config', join(site.folder, 'agent.json')]);
  child.stdout?.resume();
  child.stderr?.resume();
  return child;
}

async function kill(): Promise<void> {
  if (agent.exitCode !== null || agent.signalCode !== null) return;
  const exited = once(agent, 'exit');
  agent.kill('SIGKILL');
  await exited;
}

async function runsOf(name: string): Promise<number> {
  return (await readFile(runs, 'utf8')).split('\n').filter((line) => line === name).length;
}

async function text(reply: Promise<{ body: Uint8Array }>): Promise<string> {
  return Buffer.from((await reply).body).toString();
}

test('a retry after the agent was killed and started again gets the first outcome', async () => {
  const request = (): Promise<string> =>
    text(
      lims.request('work@agent/d', 'order-1\n', {
        idempotencyKey: 'order-1',
        waitForTarget: true,
        resolutionMs: 60_000,
      }),
    );
  expect(await request()).toBe('done order-1');
  await kill();
  agent = startAgent();
  expect(await request()).toBe('done order-1');
  expect(await runsOf('order-1')).toBe(1);
  expect(await lims.job('work@agent/d', 'order-1')).toMatchObject({ state: 'completed' });
});

test('killed in the middle of a job: target_lost; then nobody runs it again, and the result is called unknown', async () => {
  const running = Promise.withResolvers<void>();
  const options = { idempotencyKey: 'order-2', jobMs: 60_000, resolutionMs: 60_000, waitForTarget: true };
  const lost = lims.request('work@agent/d', 'wait-2\n', {
    ...options,
    onStatus: ({ stage }) => {
      if (stage === 'acknowledged') running.resolve();
    },
  });
  lost.catch(() => {});
  await running.promise;
  while ((await runsOf('wait-2')) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await lims.job('work@agent/d', 'order-2')).toEqual({ state: 'running' });
  await kill();
  // The hub learns of a power cut by the idle timeout, or as soon as the machine is back.
  agent = startAgent();
  await expect(lost).rejects.toMatchObject({ code: 'target_lost', retrySafe: false });
  await expect(lims.request('work@agent/d', 'wait-2\n', options)).rejects.toMatchObject({
    code: 'result_unknown',
    retrySafe: false,
  });
  expect(await runsOf('wait-2')).toBe(1);
  expect(await lims.job('work@agent/d', 'order-2')).toMatchObject({ state: 'unknown' });
  expect(await lims.job('work@agent/d', 'order-3')).toEqual({ state: 'absent' });
});
