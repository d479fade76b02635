/**
 * Flags of Node for a process whose memory is compared: the largest nursery that the hub's program may have, from the start.
 * Otherwise V8 lets it grow from 2 to 64 MB within minutes and keeps it, which looks like a leak.
 */
export const WHOLE_NURSERY: readonly string[] = ['--min-semi-space-size=16', '--max-semi-space-size=16'];
