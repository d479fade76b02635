/**
 * The first byte of every stream says what the stream is for. Numbers are never reused.
 * The client opens its lanes right after the handshake, lane 0 first.
 */
export const StreamType = {
  /** A sequence of frames both ways for as long as the connection lives. */
  Lane: 0x01,
  /** One body that does not travel in its frame, fetched by whoever wants it. */
  Body: 0x02,
} as const;

/** The lane that an exchange or a call uses; whoever draws its id with {@link LaneIds} chooses it. */
export function laneOf(id: number, lanes: number): number {
  return id % lanes;
}
