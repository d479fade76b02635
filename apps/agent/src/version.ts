import { readFileSync } from 'node:fs';

// Beside src/ as beside dist/.
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

export const VERSION: string = manifest.version;

/** Program and version, as the hub logs it. */
export const AGENT: string = `qconn-agent/${VERSION}`;
