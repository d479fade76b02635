/**
 * Flags of Node for a process whose memory is compared: the nursery that the hub's program has at most, all of it from the beginning. Left to itself
 * V8 lets it grow from 2 to 64 MB within minutes and keeps it, which looks like a leak, or like memory of whatever there is more of by then.
 */
export const WHOLE_NURSERY: readonly string[] = ['--min-semi-space-size=16', '--max-semi-space-size=16'];
