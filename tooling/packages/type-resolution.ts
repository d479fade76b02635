import path from 'node:path';
import { run } from './run.ts';
import type { Tarball } from './tarball.ts';

/** attw: whether the declarations of each tarball resolve, and fit the code, under Node's ES modules. */
export async function resolvesForTypeScript(tarballs: readonly Tarball[], root: string): Promise<string[]> {
  const attw = path.join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  const args = ['--profile', 'esm-only', '--no-color', '--no-emoji', '--format', 'ascii'];
  const complaints: string[] = [];
  for (const { name, file } of tarballs) {
    const { ok, output } = await run(process.execPath, [attw, file, ...args], path.dirname(file));
    if (!ok) complaints.push(`${name}:\n${output}`);
  }
  return complaints;
}
