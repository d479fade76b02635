import type { Operation } from './idle-app.ts';

/** A request made to be wrong in some way, or right by chance. */
export interface FuzzedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What breaks programs that trust. */
const HOSTILE: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  2 ** 53,
  '',
  '\0',
  '\uD800',
  '\u202E',
  '🖨️'.repeat(40),
  'x'.repeat(4_000),
  '../../etc/passwd',
  "'; DROP TABLE role; --",
  '${7*7}',
  '%00',
  '*',
  '**',
  'a.*.b',
  'qc1' + 'q'.repeat(38),
  '__proto__',
  'constructor',
  [],
  {},
  [[[[]]]],
  { __proto__: null, constructor: 1 },
];

const WORDS = [
  'admin',
  'print',
  'print.*',
  'allow',
  'machines.read',
  'site',
  'oslo',
  'fuzz-1',
  'fuzz-2',
  'x',
  '1',
  '100',
];

/** A body that is not what it says. */
const BROKEN: readonly ((text: string) => string)[] = [
  (text) => text.slice(0, text.length >> 1),
  (text) => `${text}}`,
  (text) => text.replace('{', '{"__proto__":{"x":1},'),
  () => '['.repeat(5_000),
  () => '"',
  () => '',
  () => 'null',
  () => '\uFEFF{}',
];

/** Makes requests for an operation from its schema. The same numbers make the same requests. */
export class Fuzzer {
  readonly #random: () => number;

  /** @param random numbers in [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  request(method: string, path: string, { parameters = [], requestBody }: Operation): FuzzedRequest {
    const query: string[] = [];
    const headers: Record<string, string> = {};
    let url = path;
    for (const { name, in: where, schema } of parameters) {
      const text = this.#text(schema);
      if (where === 'path')
        url = url.replace(`{${name}}`, this.#chance(0.05) ? '%zz' : encodeURIComponent(text || 'x'));
      else if (where === 'header') this.#setHeader(headers, name, text);
      else if (this.#chance(0.6)) query.push(`${name}=${encodeURIComponent(text)}`);
    }
    if (this.#chance(0.1)) query.push('unknown=1', 'limit=1&limit=2');
    const schema = requestBody?.content['application/json']?.schema;
    const text = schema === undefined ? undefined : JSON.stringify(this.#value(schema));
    const body = text === undefined ? undefined : this.#chance(0.1) ? this.#pick(BROKEN)(text) : text;
    if (body !== undefined) headers['content-type'] = this.#chance(0.05) ? 'text/plain' : 'application/json';
    return {
      method,
      url: query.length === 0 ? url : `${url}?${query.join('&')}`,
      headers,
      body: body === undefined ? undefined : Buffer.from(body),
    };
  }

  /** Headers that HTTP cannot carry are not what is tested. */
  #setHeader(headers: Record<string, string>, name: string, text: string): void {
    if (this.#chance(0.5)) headers[name] = text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 500);
  }

  #text(schema: object): string {
    const value = this.#value(schema);
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return text.isWellFormed() ? text : text.toWellFormed();
  }

  #value(schema: Schema, depth = 0): unknown {
    if (this.#chance(depth === 0 ? 0.03 : 0.08)) return this.#pick(HOSTILE);
    if (schema.const !== undefined) return schema.const;
    if (schema.anyOf !== undefined) return this.#value(this.#pick(schema.anyOf), depth + 1);
    switch (schema.type) {
      case 'object':
        return this.#object(schema, depth);
      case 'array':
        return Array.from({ length: Math.floor(this.#random() * 3) }, () => this.#value(schema.items ?? {}, depth + 1));
      case 'integer':
      case 'number':
        return Math.floor((schema.minimum ?? 0) + this.#random() * Math.min(schema.maximum ?? 1_000, 100_000));
      case 'boolean':
        return this.#chance(0.5);
      case 'null':
        return null;
      default:
        return this.#pick(WORDS);
    }
  }

  #object({ properties = {}, patternProperties = {}, required = [] }: Schema, depth: number): object {
    const entries = Object.entries(properties)
      .filter(([name]) => (required.includes(name) ? !this.#chance(0.03) : this.#chance(0.5)))
      .map(([name, schema]): [string, unknown] => [name, this.#value(schema, depth + 1)]);
    for (const schema of Object.values(patternProperties))
      entries.push([this.#pick(WORDS), this.#value(schema, depth + 1)]);
    if (this.#chance(0.03)) entries.push([this.#pick(['extra', '__proto__', '']), 1]);
    return Object.fromEntries(entries);
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }
}
