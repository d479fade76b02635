import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { vi } from 'vitest';
import { runProgram } from '../../src/program.ts';

export const HUB_MAIN: string = resolve(import.meta.dirname, '../../src/main.ts');

/** What a command said and how it ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `qconn-hub` as a process of its own, with nothing of this one's settings. */
export async function qconnHub(args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, ['--conditions=@qconn/source', HUB_MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...environment },
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

/** Settings of whoever runs the tests that a hub would take for its own. */
const NOT_OURS = /^(QCONN_|DATABASE_URL$)/;

/** Runs a command that ends by itself in this process, which is ten times as fast as starting one. */
export async function runHub(args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const take = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += String(chunk);
      return true;
    });
  const spies = [take('stdout'), take('stderr')];
  for (const name of Object.keys(process.env)) if (NOT_OURS.test(name)) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  try {
    return { code: await runProgram(['node', 'qconn-hub', ...args]), ...written };
  } finally {
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}
