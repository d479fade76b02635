import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * `bench NAME [args]`: runs a measurement from source, in a process of its own. A package's
 * `bench/main.ts` goes by the package's name, any other `bench/X.ts` by `X`.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');
const benches = findBenches();
const [name, ...args] = process.argv.slice(2).filter((argument) => argument !== '--');
const file = name === undefined ? undefined : benches.get(name);

if (file === undefined) {
  if (name !== undefined) console.error(`There is no bench called ${name}.\n`);
  console.log('npx -y pnpm@12 bench NAME [args], where NAME is one of');
  for (const [each, where] of benches) console.log(`  ${each.padEnd(16)} ${path.relative(ROOT, where)}`);
  process.exitCode = name === undefined ? 0 : 1;
} else {
  const bench = spawn(process.execPath, ['--conditions=@qconn/source', '--expose-gc', file, ...args], {
    stdio: 'inherit',
  });
  bench.once('exit', (code) => (process.exitCode = code ?? 1));
}

function findBenches(): Map<string, string> {
  const found = new Map<string, string>();
  const owners = ['packages', 'apps'].flatMap((kind) =>
    readdirSync(path.join(ROOT, kind)).map((owner) => path.join(ROOT, kind, owner)),
  );
  for (const owner of [...owners, path.join(ROOT, 'e2e')]) {
    const folder = path.join(owner, 'bench');
    const files = existsSync(folder) ? readdirSync(folder).filter((each) => each.endsWith('.ts')) : [];
    for (const each of files)
      found.set(each === 'main.ts' ? path.basename(owner) : path.basename(each, '.ts'), path.join(folder, each));
  }
  return found;
}
