import path from 'node:path';
import { commandLine } from '../command-line/command-line.ts';
import { manifestViolations } from './manifests.ts';

commandLine({
  name: 'check:layers',
  about: `Holds package.json and tsconfig.json of every package to the table of layers, which oxlint cannot see. The imports
themselves are checked by lint.`,
  options: {},
});

const root = path.resolve(import.meta.dirname, '../..');
const violations = manifestViolations(root);
for (const violation of violations) console.error(violation);
if (violations.length > 0) process.exitCode = 1;
else console.log('layers: package.json and tsconfig.json of every package agree with tooling/layers/table.ts');
