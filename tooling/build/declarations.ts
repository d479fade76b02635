import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes the import paths of emitted declarations end in `.js`. Sources import `./x.ts`, and the compiler's
 * `rewriteRelativeImportExtensions` rewrites them in JavaScript only. Runs in the folder of the package.
 */
const RELATIVE_TS = /((?:from|import\()\s*['"]\.{1,2}\/[^'"]+)\.ts(['"])/g;

for (const file of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.d.ts')) continue;
  const target = path.join('dist', file);
  const source = readFileSync(target, 'utf8');
  const rewritten = source.replaceAll(RELATIVE_TS, '$1.js$2');
  if (rewritten !== source) writeFileSync(target, rewritten);
}
