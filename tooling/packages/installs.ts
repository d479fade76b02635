import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { run } from './run.ts';
import type { Tarball } from './tarball.ts';

/**
 * Installs all tarballs into an empty project, as a user would, then imports each package from what was
 * built and asks each program for its help.
 */
export async function installs(tarballs: readonly Tarball[], project: string): Promise<string[]> {
  await mkdir(project, { recursive: true });
  const files = Object.fromEntries(tarballs.map(({ name, file }) => [name, `file:${file}`]));
  const manifest = { name: 'a-user-of-qconn', private: true, type: 'module', dependencies: files };
  await writeFile(path.join(project, 'package.json'), JSON.stringify(manifest));
  // The packages depend on each other's versions, which no registry knows yet.
  await writeFile(path.join(project, 'pnpm-workspace.yaml'), JSON.stringify({ overrides: files, ignoreScripts: true }));
  const installed = await run('pnpm', ['install', '--prefer-offline'], project);
  if (!installed.ok) return [installed.output];

  const complaints: string[] = [];
  for (const { name, manifest: published } of tarballs) {
    const programs = Object.keys(published.bin ?? {});
    const imported = await run(
      process.execPath,
      ['--input-type=module', '--eval', importOf(name, programs.length === 0)],
      project,
    );
    if (!imported.ok) complaints.push(`import of ${name}: ${imported.output}`);
    for (const program of programs) {
      const helped = await run(path.join(project, 'node_modules/.bin', program), ['--help'], project);
      if (!helped.ok) complaints.push(`${program} --help: ${helped.output}`);
    }
  }
  return complaints;
}

function importOf(name: string, isLibrary: boolean): string {
  const source = `const names = Object.keys(await import('${name}'));`;
  return isLibrary ? `${source} if (names.length === 0) throw new Error('it exports nothing');` : source;
}
