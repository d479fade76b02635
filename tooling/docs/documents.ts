import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { configurationDocument } from './configuration.ts';
import { errorsDocument } from './errors.ts';
import { withSections } from './sections.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** A document that is generated, whole or in parts. */
export interface GeneratedDocument {
  /** From the root of the repository. */
  readonly name: string;
  readonly file: string;
  /** What it should say. */
  readonly text: () => string;
}

export const DOCUMENTS: readonly GeneratedDocument[] = [
  { name: 'docs/errors.md', file: path.join(ROOT, 'docs/errors.md'), text: errorsDocument },
  {
    name: 'docs/configuration.md',
    file: path.join(ROOT, 'docs/configuration.md'),
    text: configurationDocument,
  },
  ...['docs/protocol.md', 'docs/access.md'].map((name) => ({
    name,
    file: path.join(ROOT, name),
    text: () => sectionsIn(name),
  })),
];

function sectionsIn(name: string): string {
  return withSections(currentText(path.join(ROOT, name)));
}

/** What stands in a file now; nothing where there is none. */
export function currentText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
