import { type Mistakes, quoted } from './mistakes.ts';

/** True for an object with keys, as JSON and YAML make them. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The items of a list; none, and a mistake, when it is not a list. Reads no further than the limit. */
export function listOf(value: unknown, path: string, max: number, mistakes: Mistakes): readonly unknown[] {
  if (!Array.isArray(value)) {
    mistakes.add(path, 'must be a list');
    return [];
  }
  if (value.length > max) mistakes.add(path, `has ${value.length} entries; at most ${max} are allowed`);
  return value.slice(0, max);
}

/** A key that nobody reads is a misspelt right: refuse it. */
export function refuseUnknownKeys(
  value: Record<string, unknown>,
  known: readonly string[],
  path: string,
  mistakes: Mistakes,
): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    mistakes.add(path, `has an unknown key ${quoted(key)}; known are ${known.join(', ')}`);
  }
}
