import path from 'node:path';
import { manifestViolations } from './manifests.ts';

/** `check:layers`: what oxlint cannot see, the manifests. The imports themselves are checked by `lint`. */
const root = path.resolve(import.meta.dirname, '../..');
const violations = manifestViolations(root);
for (const violation of violations) console.error(violation);
if (violations.length > 0) process.exitCode = 1;
else console.log('layers: package.json and tsconfig.json of every package agree with tooling/layers/table.ts');
