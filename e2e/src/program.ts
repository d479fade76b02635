import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Starts `qconn-hub` or `qconn-agent` as a process of its own, with nothing of this one's settings. */
export function startProgram(
  app: 'hub' | 'agent',
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(process.execPath, ['--conditions=@qconn/source', `${ROOT}/apps/${app}/src/main.ts`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...environment },
  });
}

/** Runs one to its end. */
export async function runProgram(
  ...call: Parameters<typeof startProgram>
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = startProgram(...call);
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the program has no output');
  const [said, complained] = await Promise.all([text(stdout), text(stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout: said, stderr: complained };
}
