/** Keys and positions from the root: `['devices', 0, 'name']`. */
export type Path = readonly (string | number)[];

/** As people write it: `devices[0].name`. */
export function pathInWords(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

/** The path behind a JSON pointer (RFC 6901). Digits are taken for positions. */
export function pathOfPointer(pointer: string): Path {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Sets a value, making the objects on the way. Something else that is in the way is left for the schema to refuse. */
export function setAt(root: Record<string, unknown>, path: Path, value: unknown): void {
  let at: Record<string, unknown> = root;
  for (const part of path.slice(0, -1)) {
    at[part] ??= {};
    const next = at[part];
    if (typeof next !== 'object' || next === null) return;
    at = next as Record<string, unknown>;
  }
  const last = path.at(-1);
  if (last !== undefined) at[last] = value;
}

/** The value at a path; `undefined` where there is nothing. */
export function getAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, part) => (typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[part] : undefined),
    root,
  );
}
