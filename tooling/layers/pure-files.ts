import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { LAYERS, PURE_PACKAGES } from './table.ts';

const UP = '../../';

/**
 * Globs, from the root, of the files that own no clock, no randomness and no I/O: whole packages, and the
 * single files of mixed packages that the projects in tooling/pure/ compile without Node's types. (One project per
 * package: the compiler would replace a file by its declarations if the project referenced the file's own.)
 */
export function pureFiles(root: string): readonly string[] {
  const folder = path.join(root, 'tooling/pure');
  const single = readdirSync(folder).flatMap((file) => {
    const { include } = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as { include: string[] };
    return include.filter((glob) => glob.startsWith(UP)).map((glob) => glob.slice(UP.length));
  });
  return [...PURE_PACKAGES.map((name) => `${LAYERS[name]?.folder}/src/**/*.ts`), ...single];
}
