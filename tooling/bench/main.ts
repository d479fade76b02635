import { spawn } from 'node:child_process';
import path from 'node:path';
import { findBenches } from './benches.ts';

/** `bench NAME [options]`: runs a measurement from source, in a process of its own. */
const ROOT = path.resolve(import.meta.dirname, '../..');
const benches = findBenches(ROOT);
const [name = '--help', ...args] = process.argv.slice(2).filter((argument) => argument !== '--');
const file = benches.get(name);

if (file === undefined) {
  const asked = ['--help', '-h'].includes(name);
  if (!asked) console.error(`There is no bench called ${name}.\n`);
  console.log('Usage: npx -y pnpm@12 bench NAME [options]; NAME --help says which options. NAME is one of');
  for (const [each, where] of benches) console.log(`  ${each.padEnd(16)} ${path.relative(ROOT, where)}`);
  process.exitCode = asked ? 0 : 2;
} else {
  const bench = spawn(process.execPath, ['--conditions=@qconn/source', '--expose-gc', file, ...args], {
    stdio: 'inherit',
  });
  bench.once('exit', (code) => (process.exitCode = code ?? 1));
}
