import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandAgent } from '../src/control/ask-agent.ts';
import { socketPath } from '../src/control/socket-path.ts';
import { FakeHub } from '../test/fake-hub.ts';
import { FakeHubServer } from '../test/fake-hub-server.ts';
import { commandLine } from '../../../tooling/command-line/command-line.ts';

interface Sample {
  readonly reconnects: number;
  readonly renewals: number;
  readonly anonymousMB: number;
  readonly rssMB: number;
  readonly handles: number;
  readonly files: number;
}

const MAIN: string = path.resolve(import.meta.dirname, '../src/main.ts');

/** Samples on the way, the first after a tenth: until then code is compiled and caches fill. */
const SAMPLES = 10;

/** A connection that is being made when the last sample is taken has a socket of its own. */
const HANDLES_MAX = 2;

/** For how long an agent to which nothing happens any more may go on tidying up, and how often is looked, in milliseconds. */
const REST_MS = 30_000;
const LOOK_MS = 100;

const {
  reconnects,
  renewals,
  agent: executable,
} = commandLine({
  name: 'bench soak',
  about: `Two weeks of an agent's life in minutes. A real qconn-agent is sent away and comes back, and renews its certificate, again and
again, over QUIC on loopback. Its memory, its open handles and the files in its credential folder are counted on the way; more
of either at the end than at any time in the first half is a failure. The last line is JSON. Linux: reads /proc.`,
  options: {
    reconnects: { number: 20_000, about: 'how often it comes back' },
    renewals: { number: 200, least: 0, about: 'how often it renews' },
    agent: { text: 'PROGRAM', about: 'this program instead of the one in apps/agent' },
  },
});
const folder = mkdtempSync(path.join(tmpdir(), 'qconn-soak-'));
const config = path.join(folder, 'agent.yaml');
const credentials = path.join(folder, 'machine');
const hub = new FakeHub();
const server = await FakeHubServer.start(hub);
let agent: ChildProcess | undefined;
try {
  writeFileSync(
    config,
    `hub: ${server.url}\ncredentials: machine\ndevices: [{name: d, serviceTypes: [x], adapter: {type: exec, argv: [cat]}}]\n`,
  );
  await once(start(['enroll', '--config', config, '--token', server.token]), 'exit');
  agent = start(['run', '--config', config, '--log-level', 'error']);
  await hub.welcomed();
  const samples = await live(agent.pid ?? 0);
  const first = samples[0] as Sample;
  let last = samples.at(-1) as Sample;
  // What leaks goes on growing; a file or a handle that is there once for good is none.
  const half = samples.slice(0, SAMPLES / 2);
  const sinceHalf = ({ handles, files }: Sample): { handles: number; files: number } => ({
    handles: handles - Math.max(...half.map((each) => each.handles)),
    files: files - Math.max(...half.map((each) => each.files)),
  });
  const hasGrown = ({ handles, files }: ReturnType<typeof sinceHalf>): boolean => handles > HANDLES_MAX || files > 0;
  // What is being written or closed in the moment of the count is gone soon; what has been left behind stays.
  for (
    const end = performance.now() + REST_MS;
    hasGrown(sinceHalf(last)) && performance.now() < end;
    await sleep(LOOK_MS)
  )
    last = sample(agent.pid ?? 0, reconnects, renewals);
  const grownSinceHalf = sinceHalf(last);
  const growth = {
    anonymousMB: round(last.anonymousMB - first.anonymousMB),
    handles: last.handles - first.handles,
    files: last.files - first.files,
  };
  console.log(JSON.stringify({ bench: 'soak', first, last, growth, grownSinceHalf }));
  if (hasGrown(grownSinceHalf)) {
    const { handles, files } = grownSinceHalf;
    console.error(`Something is left behind by the second half: ${handles} handles, ${files} files.`);
    process.exitCode = 1;
  }
} finally {
  if (agent?.exitCode === null) {
    agent.kill();
    await once(agent, 'exit');
  }
  await server.close();
  rmSync(folder, { recursive: true });
}

async function live(pid: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  let renewed = 0;
  for (let reconnect = 1; reconnect <= reconnects; reconnect++) {
    const back = new Promise<void>((resolve) => (hub.onWelcome = resolve));
    hub.sendAway();
    await back;
    while (renewed < Math.floor((reconnect * renewals) / reconnects)) {
      await commandAgent(socketPath(credentials), 'POST /renew', { deadlineMs: 30_000 });
      renewed++;
    }
    if (reconnect % Math.ceil(reconnects / SAMPLES) !== 0) continue;
    const taken = sample(pid, reconnect, renewed);
    samples.push(taken);
    console.log(
      `${String(reconnect).padStart(6)} reconnects, ${renewed} renewals: ${taken.anonymousMB} MB of its own, ${taken.handles} handles, ${taken.files} files`,
    );
  }
  return samples;
}

function sample(pid: number, taken: number, renewed: number): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string): number =>
    round(Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1_024);
  return {
    reconnects: taken,
    renewals: renewed,
    anonymousMB: megabytes('RssAnon'),
    rssMB: megabytes('VmRSS'),
    handles: readdirSync(`/proc/${pid}/fd`).length,
    files: readdirSync(credentials).length,
  };
}

function start(args: readonly string[]): ChildProcess {
  const [program, ...before] =
    executable === undefined ? [process.execPath, '--conditions=@qconn/source', MAIN] : [path.resolve(executable)];
  return spawn(program, [...before, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
