import type { Path } from './path.ts';

declare const described: unique symbol;

/**
 * The parts of JSON Schema (draft 7) that this package looks at itself; the validator knows the rest.
 * @typeParam T what a value that passes is; nothing checks that the two agree, so write them side by side
 */
export interface ConfigSchema<T = unknown> {
  readonly [described]?: T;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, ConfigSchema>>;
  readonly items?: ConfigSchema | readonly ConfigSchema[];
  readonly anyOf?: readonly ConfigSchema[];
  readonly oneOf?: readonly ConfigSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  /** The value is never shown. */
  readonly secret?: boolean;
  /** What the pattern asks for, in words that follow “must be”. */
  readonly form?: string;
  /** A running program can take a new value. */
  readonly reloadable?: boolean;
  readonly [keyword: string]: unknown;
}

/** What text from the environment or the command line is turned into. */
export type Scalar = 'string' | 'number' | 'boolean';

/** One value that environment and flags can set: a scalar, or a list of scalars. */
export interface Setting {
  readonly path: Path;
  readonly scalar: Scalar;
  readonly list: boolean;
  readonly secret: boolean;
  readonly reloadable: boolean;
}

/** Every setting of a schema, by its dotted path. Objects without fixed keys and lists of objects belong in a file. */
export function settingsOf(schema: ConfigSchema): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>();
  collect(schema, [], settings);
  return settings;
}

function collect(schema: ConfigSchema, path: Path, into: Map<string, Setting>): void {
  if (schema.properties !== undefined) {
    for (const [key, child] of Object.entries(schema.properties)) collect(child, [...path, key], into);
    return;
  }
  const items = schema.type === 'array' && !Array.isArray(schema.items) ? (schema.items as ConfigSchema) : undefined;
  const scalar = scalarOf(items ?? schema);
  const { secret = false, reloadable = false } = schema;
  if (scalar !== undefined) into.set(path.join('.'), { path, scalar, list: items !== undefined, secret, reloadable });
}

function scalarOf(schema: ConfigSchema): Scalar | undefined {
  const types = schema.type === undefined ? typesOfValues(schema) : [schema.type].flat();
  if (types.includes('integer') || types.includes('number')) return 'number';
  if (types.includes('boolean')) return 'boolean';
  return types.includes('string') ? 'string' : undefined;
}

/** The types of the values that a schema without `type` lists. */
function typesOfValues(schema: ConfigSchema): string[] {
  const values = schema.enum ?? schema.anyOf?.map((option) => option.const) ?? [schema.const];
  return values.map((value) => typeof value);
}
