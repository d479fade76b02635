const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Further away than this a date says more than a number of days. */
const DATE_FROM_MS = 60 * DAY_MS;

/**
 * A time as people think of it: `3 min ago`, `in 6 d`, or a date when it is far away.
 * @param time RFC 3339; null for a time that has not come, shown as `–`
 * @param now epoch milliseconds
 */
export function relativeTime(time: string | null, now: number): string {
  const at = time === null ? Number.NaN : Date.parse(time);
  if (Number.isNaN(at)) return '–';
  const distance = Math.abs(at - now);
  if (distance >= DATE_FROM_MS) return new Date(at).toISOString().slice(0, 10);
  if (distance < 1000) return 'now';
  const span = spanText(distance);
  return at > now ? `in ${span}` : `${span} ago`;
}

function spanText(ms: number): string {
  if (ms < 99.5 * 1000) return `${Math.round(ms / 1000)} s`;
  if (ms < 99.5 * MINUTE_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  if (ms < 47.5 * HOUR_MS) return `${Math.round(ms / HOUR_MS)} h`;
  return `${Math.round(ms / DAY_MS)} d`;
}
