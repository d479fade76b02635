import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LAYERS, PURE_PACKAGES } from './table.ts';

/**
 * Globs, from the root, of the files that own no clock, no randomness and no I/O: whole packages, and the
 * single files of mixed packages that tooling/tsconfig.pure.json compiles without Node's types.
 */
export function pureFiles(root: string): readonly string[] {
  const text = readFileSync(path.join(root, 'tooling/tsconfig.pure.json'), 'utf8');
  const { include } = JSON.parse(text) as { include: string[] };
  const single = include.filter((glob) => glob.startsWith('../')).map((glob) => glob.slice('../'.length));
  return [...PURE_PACKAGES.map((name) => `${LAYERS[name]?.folder}/src/**/*.ts`), ...single];
}
