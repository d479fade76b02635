import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');
const LINK = /\]\(([^)\s]+)\)/g;
const CODE_BLOCK = /^```[\s\S]*?^```/gm;

const documents = ['.', 'docs', 'docs/adr', ...foldersIn('packages'), ...foldersIn('apps')].flatMap((folder) =>
  entriesOf(folder).flatMap((name) => (name.endsWith('.md') ? [path.join(folder, name)] : [])),
);

test.each(documents)('%s links to files that exist', (document) => {
  const text = readFileSync(path.join(ROOT, document), 'utf8').replaceAll(CODE_BLOCK, '');
  const targets = [...text.matchAll(LINK)].map(([, target = '']) => target.replace(/#.*$/, ''));
  const local = targets.filter((target) => target !== '' && !/^[a-z]+:/.test(target));
  expect(local.filter((target) => !existsSync(path.join(ROOT, path.dirname(document), target)))).toEqual([]);
});

function foldersIn(kind: string): string[] {
  return entriesOf(kind).map((name) => path.join(kind, name));
}

function entriesOf(folder: string): string[] {
  const absolute = path.join(ROOT, folder);
  return existsSync(absolute) ? readdirSync(absolute) : [];
}
