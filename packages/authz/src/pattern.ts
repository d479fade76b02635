/**
 * Every pattern that matches a service type, the most specific first: `a.b` → `a.b`, `a.*`, `*`.
 * Rules are kept by pattern, so a lookup takes as many steps as the type has segments, however many rules there are.
 */
export function patternsMatching(serviceType: string): string[] {
  const patterns = [serviceType];
  for (let dot = serviceType.lastIndexOf('.'); dot > 0; dot = serviceType.lastIndexOf('.', dot - 1)) {
    patterns.push(`${serviceType.slice(0, dot)}.*`);
  }
  patterns.push('*');
  return patterns;
}

/** Whether a pattern matches all that another one does. */
export function patternCovers(wide: string, narrow: string): boolean {
  return wide === narrow || wide === '*' || (wide.endsWith('.*') && narrow.startsWith(wide.slice(0, -1)));
}

/** The narrower of two patterns, if they have anything in common: of patterns one then covers the other. */
export function overlapOf(one: string, other: string): string | undefined {
  if (patternCovers(one, other)) return other;
  return patternCovers(other, one) ? one : undefined;
}
