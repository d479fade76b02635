import { writeFileSync } from 'node:fs';
import { commandLine } from '../command-line/command-line.ts';
import { currentText, DOCUMENTS } from './documents.ts';

// tooling/test/error-docs.test.ts holds the documents to it.
commandLine({
  name: 'generate:docs',
  about: 'Writes docs/errors.md, and the marked parts of the other documents, from what the sources say.',
  options: {},
});

for (const { name, file, text } of DOCUMENTS) {
  const now = currentText(file);
  const next = text();
  if (next !== now) writeFileSync(file, next);
  console.log(`${name}: ${next === now ? 'up to date' : 'written'}`);
}
