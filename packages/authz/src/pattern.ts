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
