import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandLine } from '../command-line/command-line.ts';
import { deadCode } from './dead-code.ts';
import { installs } from './installs.ts';
import { licences } from './licences.ts';
import { manifests } from './manifests.ts';
import { packAll } from './tarball.ts';
import { resolvesForTypeScript } from './type-resolution.ts';

commandLine({
  name: 'check:packages',
  about: `What a user of the packages would meet: dead code, licences, published manifests, types, an install from tarballs.
Wants a build.`,
  options: {},
});

/** Each check gives its complaints; none means that it passed. They need `pnpm` and `tar` on the path. */
const root = path.resolve(import.meta.dirname, '../..');
const work = mkdtempSync(path.join(tmpdir(), 'qconn-packages-'));

try {
  let failed = await report('dead code and unused dependencies', () => deadCode(root));
  failed += await report('licences of production dependencies', () => licences(root));
  const tarballs = await packAll(root, path.join(work, 'tarballs'));
  failed += await report('published manifests', () => manifests(tarballs));
  failed += await report('types resolve for ES module users', () => resolvesForTypeScript(tarballs, root));
  failed += await report('install, import and run from tarballs', () => installs(tarballs, path.join(work, 'install')));
  if (failed > 0) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function report(name: string, check: () => Promise<readonly string[]>): Promise<number> {
  const begun = performance.now();
  const complaints = await check();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${complaints.length === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  for (const complaint of complaints) console.log(`     ${complaint.trimEnd().replaceAll('\n', '\n     ')}`);
  return complaints.length === 0 ? 0 : 1;
}
