import { writeFileSync } from 'node:fs';
import { currentText, DOCUMENTS } from './documents.ts';

/** `generate:docs`: writes what tooling/test/error-docs.test.ts holds the documents to. */
for (const { name, file, text } of DOCUMENTS) {
  const now = currentText(file);
  const next = text();
  if (next !== now) writeFileSync(file, next);
  console.log(`${name}: ${next === now ? 'up to date' : 'written'}`);
}
