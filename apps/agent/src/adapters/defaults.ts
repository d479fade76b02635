import { BODY_MAX_BYTES, STREAMED_BODY_MAX_BYTES } from '@qconn/protocol';

/**
 * Defaults of the adapters. The times of one job add up to less than the sender's default job deadline
 * (30 s), so that a sender hears what went wrong instead of `deadline_exceeded`.
 */

/** Time for a TCP or HTTP connection to stand, in milliseconds: a device on the local network needs a few. */
export const CONNECT_TIMEOUT_MS = 5_000;

/** Time for a TCP device to take all bytes, in milliseconds: 64 KiB need 10 s at 6 KB/s, slower than any printer's line. */
export const WRITE_TIMEOUT_MS = 10_000;

/** Time for a TCP device to close the connection after the last byte, in milliseconds: printers print first. */
export const CLOSE_TIMEOUT_MS = 10_000;

/** Time for a program or an HTTP service to finish a job, in milliseconds. */
export const JOB_TIMEOUT_MS = 25_000;

/** Time between SIGTERM and SIGKILL, in milliseconds: enough to remove a temporary file. */
export const KILL_GRACE_MS = 2_000;

/** Most bytes of an answer: what a frame can carry. More is streamed, where the configuration allows more. */
export const ANSWER_MAX_BYTES: number = BODY_MAX_BYTES;

/** Most bytes of an answer that the configuration may allow: what a hub lets pass unless it is set otherwise. */
export const ANSWER_CEILING_BYTES: number = STREAMED_BODY_MAX_BYTES;
