/**
 * Resolves imports for eslint-plugin-boundaries: relative paths as they are written, and `@qconn/X` to the
 * source of the package, so that no build has to run before the lint. Everything else is external.
 */
const path = require('node:path');
const fs = require('node:fs');

const ROOT = path.resolve(__dirname, '../..');
const OURS = /^@qconn\/([^/]+)(?:\/(.*))?$/;

exports.interfaceVersion = 2;

exports.resolve = (source, file) => {
  if (source.startsWith('.')) return { found: true, path: path.resolve(path.dirname(file), source) };
  const ours = OURS.exec(source);
  if (ours === null) return { found: false };
  const [, name, rest] = ours;
  const folder = ['packages', 'apps'].map((kind) => path.join(ROOT, kind, name)).find((each) => fs.existsSync(each));
  return folder === undefined ? { found: false } : { found: true, path: path.join(folder, rest || 'src/index.ts') };
};
