/** A path of the API with its variable parts encoded: `` path`/v1/machines/${name}` ``. */
export function path(texts: TemplateStringsArray, ...parts: readonly string[]): string {
  return texts
    .map((text, index) => `${text}${index < parts.length ? encodeURIComponent(parts[index] ?? '') : ''}`)
    .join('');
}

/** The same path with a query string of whatever is given. */
export function withQuery(base: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return given.length === 0 ? base : `${base}?${new URLSearchParams(given as [string, string][]).toString()}`;
}
