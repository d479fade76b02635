/** A time span for people: `0.4 s`, `12 s`, `5 min`, `3 h`, `6 days`. */
export function duration(ms: number): string {
  const span = Math.abs(ms);
  if (span < 9_950) return `${(span / 1_000).toFixed(1)} s`;
  if (span < 119_500) return `${Math.round(span / 1_000)} s`;
  if (span < 7_170_000) return `${Math.round(span / 60_000)} min`;
  if (span < 172_000_000) return `${Math.round(span / 3_600_000)} h`;
  return `${Math.round(span / 86_400_000)} days`;
}
