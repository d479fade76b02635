/** Enough to recognise a list by; a reason is read by people and cut by the wire. */
const SHOWN_MAX = 5;

/** A list in words, cut short: `a, b, c, d, e and 12 more`. */
export function someOf(items: readonly string[], separator: string): string {
  const shown = items.slice(0, SHOWN_MAX).join(separator);
  return items.length <= SHOWN_MAX ? shown : `${shown} and ${items.length - SHOWN_MAX} more`;
}
