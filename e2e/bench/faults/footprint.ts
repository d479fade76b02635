import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startProgram } from '../../src/program.ts';
import type { SiteProcess } from '../../src/site-process.ts';

/** What an agent that waits for work costs. */
export interface Footprint {
  /** Resident, with what it shares with other processes and what the system can take back at any time. */
  readonly rssMB: number;
  /** Of that its own: no file backs it. */
  readonly ownMB: number;
  /** Share of one core. */
  readonly cpuShare: number;
  /** From the start of the process until it is online, in milliseconds: the median of some starts. */
  readonly onlineMs: number;
}

const STARTS = 5;

/** For how long an idle agent is watched, in milliseconds. */
const WATCHED_MS = 20_000;

/** Clock ticks a second in /proc (sysconf(3), `_SC_CLK_TCK`). */
const TICKS_PER_SECOND = 100;

/**
 * Starts `qconn-agent` with one device several times, and watches the last one do nothing. Linux: reads /proc.
 * @param program the executable to start; the agent's source when left out, and then Node's stripping of types counts too
 */
export async function footprint(site: SiteProcess, program: string | undefined): Promise<Footprint> {
  await site.enrol('agent');
  const config = join(site.folder, 'agent.yaml');
  const device = '{name: echo-2, serviceTypes: [nothing], adapter: {type: exec, argv: [cat]}}';
  writeFileSync(config, `hub: ${site.api.url.origin}\ncredentials: agent\ndevices: [${device}]\n`);
  if (program !== undefined) asAfterABoot(program);
  const times: number[] = [];
  for (let start = 1; ; start++) {
    const begun = performance.now();
    const args = ['run', '--config', config, '--log-format', 'json'];
    const agent =
      program === undefined
        ? startProgram('agent', args)
        : spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } });
    for await (const line of createInterface({ input: agent.stderr! })) if (line.includes('online as')) break;
    times.push(performance.now() - begun);
    agent.stderr!.resume();
    const figures = start < STARTS ? undefined : await watch(agent.pid ?? 0);
    agent.kill();
    await once(agent, 'exit');
    const onlineMs = Math.round(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] as number);
    if (figures !== undefined) return { ...figures, onlineMs };
  }
}

async function watch(pid: number): Promise<Omit<Footprint, 'onlineMs'>> {
  const before = cpuSeconds(pid);
  await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
  const cpuShare = (cpuSeconds(pid) - before) / (WATCHED_MS / 1_000);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string): number =>
    Math.round(Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 102.4) / 10;
  return {
    rssMB: megabytes('VmRSS'),
    ownMB: megabytes('RssAnon'),
    cpuShare: Math.round(cpuShare * 10_000) / 10_000,
  };
}

/**
 * Takes a program out of the page cache. One that has just been written lies there in large pieces, and a process is
 * charged for the whole piece of which it touches a byte: some 15 MB more than after the next boot.
 */
function asAfterABoot(program: string): void {
  execFileSync('sync', [program]);
  execFileSync('dd', [`if=${program}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
}

/** User and system time of a process (proc(5), `/proc/pid/stat`). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
