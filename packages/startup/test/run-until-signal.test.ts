import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const program = fileURLToPath(new URL('programs/server.ts', import.meta.url));
const running = new Set<ChildProcess>();
afterEach(() => running.forEach((child) => child.kill('SIGKILL')));

/** Starts the program, does something at each line that it writes, and tells how it ended. */
async function run(
  closing: string,
  onLine: (line: string, child: ChildProcess) => void,
  ...more: string[]
): Promise<{ code: number | null; lines: string[] }> {
  const child = spawn(process.execPath, ['--conditions=@qconn/source', program, closing, ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    onLine(line, child);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  running.delete(child);
  return { code, lines };
}

test.each(['SIGINT', 'SIGTERM'] as const)('closes on %s and ends with 0', async (signal) => {
  const { code, lines } = await run('20', (line, child) => line === 'ready' && child.kill(signal));
  expect(lines).toEqual(['ready', `${signal}: stopping; again to stop at once`, `closing on ${signal}`, 'closed']);
  expect(code).toBe(0);
});

test('gives up after the deadline and ends with 1, whatever is still open', async () => {
  const { code, lines } = await run('60000', (line, child) => line === 'ready' && child.kill('SIGTERM'), '300');
  expect(lines.at(-1)).toBe('not stopped after 300 ms; giving up');
  expect(code).toBe(1);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('exits at once on a second signal (%s)', async (second, expected) => {
  const { code, lines } = await run('60000', (line, child) => {
    if (line === 'ready') child.kill('SIGTERM');
    if (line.startsWith('closing')) child.kill(second);
  });
  expect(lines.at(-1)).toBe('closing on SIGTERM');
  expect(code).toBe(expected);
});

test('passes on what closing throws', async () => {
  const { code, lines } = await run('throws', (line, child) => line === 'ready' && child.kill('SIGINT'));
  expect(lines.at(-1)).toBe('Error: could not close');
  expect(code).toBe(1);
});

test('ends without closing when the program ends by itself', async () => {
  const { code, lines } = await run('until', () => {});
  expect({ code, lines }).toEqual({ code: 0, lines: ['ready'] });
});
