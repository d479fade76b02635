import { availableParallelism } from 'node:os';
import path from 'node:path';
import { run } from './run.ts';
import type { Tarball } from './tarball.ts';

/** attw: whether the declarations of each tarball resolve, and fit the code, under Node's ES modules. */
export async function resolvesForTypeScript(tarballs: readonly Tarball[], root: string): Promise<string[]> {
  const attw = path.join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  const args = ['--profile', 'esm-only', '--no-color', '--no-emoji', '--format', 'ascii'];
  const complaintsOf = async ({ name, file }: Tarball): Promise<string[]> => {
    const { ok, output } = await run(process.execPath, [attw, file, ...args], path.dirname(file));
    return ok ? [] : [`${name}:\n${output}`];
  };
  const complaints = await eachOnItsCore(tarballs, complaintsOf);
  return complaints.flat();
}

/** As many at once as there are cores: each loads a compiler. */
async function eachOnItsCore<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}
