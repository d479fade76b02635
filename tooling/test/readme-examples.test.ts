import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** An example takes a second or three; one that leaves a handle open never ends, however busy the machine is. */
const DEADLINE_MS = 180_000;
const FIRST_TS_BLOCK = /^```ts\n(.*?)^```$/ms;

const packages = foldersOf('packages');
const appsWithExample = foldersOf('apps').filter((folder) => exampleOf(folder) !== undefined);

describe.concurrent('the example in the README', () => {
  test.for([...packages, ...appsWithExample])('%s: runs as it stands', async (folder, context) => {
    const source = exampleOf(folder);
    context.expect(source, `${folder}/README.md has no \`\`\`ts block`).toBeDefined();
    const { code, output } = await runInside(folder, source ?? '');
    context.expect(code, `it wrote: ${output}`).toBe(0);
  });
});

test('there are packages to look at', () => {
  expect(packages.length).toBeGreaterThan(5);
});

function foldersOf(kind: string): string[] {
  return readdirSync(path.join(ROOT, kind))
    .map((name) => `${kind}/${name}`)
    .filter((folder) => existsSync(path.join(ROOT, folder, 'package.json')));
}

function exampleOf(folder: string): string | undefined {
  const readme = path.join(ROOT, folder, 'README.md');
  return existsSync(readme) ? FIRST_TS_BLOCK.exec(readFileSync(readme, 'utf8'))?.[1] : undefined;
}

/** In the package's own folder, so that Node resolves its name, also its own, and its dependencies. */
async function runInside(folder: string, source: string): Promise<{ code: number | string; output: string }> {
  const file = path.join(ROOT, folder, '.readme-example.ts');
  await writeFile(file, source);
  try {
    return await run(file);
  } finally {
    await rm(file);
  }
}

function run(file: string): Promise<{ code: number | string; output: string }> {
  const child = spawn(process.execPath, ['--conditions=@qconn/source', file], {
    cwd: path.dirname(file),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? `killed by ${signal}`, output }));
  });
}
