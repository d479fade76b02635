/** A time of the API: RFC 3339 in UTC. */
export function timeText(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** The same for a time that may not have come. */
export function optionalTime(epochMs: number | null): string | null {
  return epochMs === null ? null : timeText(epochMs);
}
