import { convert } from './convert.ts';
import type { Mistake } from './mistake.ts';
import type { Given } from './provenance.ts';
import type { Setting } from './settings.ts';

/** What a flag sets: a dotted path, and the value that the command line gave; `undefined` when it was not given. */
export interface Flag {
  readonly path: string;
  readonly value: string | number | boolean | readonly string[] | undefined;
}

/** By flag as people type it: `{ '--port': { path: 'http.port', value: '8443' } }`. */
export type Flags = Readonly<Record<string, Flag>>;

/** What the command line sets. */
export function readFlags(settings: ReadonlyMap<string, Setting>, flags: Flags, mistakes: Mistake[]): Given[] {
  const given: Given[] = [];
  for (const [name, { path, value }] of Object.entries(flags)) {
    const setting = settings.get(path);
    if (setting === undefined)
      throw new TypeError(`${name} stands for a setting that the schema does not have: ${path}`);
    if (value === undefined) continue;
    if (value === '') {
      mistakes.push({ source: name, path, message: 'has no value' });
      continue;
    }
    const text = Array.isArray(value) ? value.join(',') : value;
    const converted = typeof text === 'string' ? convert(text, setting) : text;
    given.push({ path: setting.path, value: converted, source: name });
  }
  return given;
}
