import { readFileSync } from 'node:fs';

/** Of this package, whose manifest lies beside src/ as beside dist/. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
