/**
 * Every limit of qconn/1, once, with its unit and its reason. docs/protocol.md shows the same table.
 */

/** Bytes of a frame's fixed header. */
export const FRAME_HEADER_BYTES = 16;

/** Most bytes of a message's inline body: one flow-control-friendly unit; more goes on its own stream. */
export const BODY_MAX_BYTES: number = 64 * 1024;

/** Most bytes of a streamed body, unless the hub is set otherwise: a day's log or a disk image's layer, not a backup. */
export const STREAMED_BODY_MAX_BYTES: number = 1024 * 1024 * 1024;

/** Body streams that move at once per machine, in either direction: each holds at most 1 MiB in the hub. More wait. */
export const BODY_STREAMS_MAX = 16;

/**
 * Bytes of one stream that an end holds unread, at most: with the 256 KiB that the hub stages towards the reader, and a
 * chunk on its way, a body takes less than 1 MiB there. It allows 100 Mbit/s at a round trip of 50 ms.
 */
export const STREAM_WINDOW_BYTES: number = 640 * 1024;

/** Most bytes of a message's header block: the customary limit of HTTP servers. */
export const HEADER_BLOCK_MAX_BYTES: number = 8 * 1024;

/**
 * Most bytes of a frame's control section: a full header block, a full address, the origin and the
 * idempotency key fit, with room for lists in answers to queries (which are paged to this size).
 */
export const CONTROL_MAX_BYTES: number = 16 * 1024;

/** Most bytes of any frame: what a reader has to be ready to hold. */
export const FRAME_MAX_BYTES: number = FRAME_HEADER_BYTES + CONTROL_MAX_BYTES + BODY_MAX_BYTES;

/** Most bytes of a service type, a machine or a device in an address (one length byte, with room to spare). */
export const ADDRESS_PART_MAX_BYTES = 128;

/** Most bytes of an idempotency key: a UUID or a hash in hex, doubled. */
export const IDEMPOTENCY_KEY_MAX_BYTES = 128;

/** Most bytes of a stickiness key: the same as of an idempotency key. */
export const STICKY_KEY_MAX_BYTES = 128;

/** Most providers that one fan-out may reach: a quarter of what a machine may have in flight. */
export const FAN_OUT_MAX = 256;

/** Most bytes of a reason for people in an outcome or a close. */
export const REASON_MAX_BYTES = 1024;

/** Most bytes of an enrolment request over HTTPS: a P-256 CSR is 400 bytes, the rest are facts. */
export const ENROLMENT_BODY_MAX_BYTES: number = 16 * 1024;

/** Most bytes of a PKCS#10 request in DER: with P-256 it has 400, with RSA-4096 and many names 2,000. */
export const CSR_MAX_BYTES = 4_096;

/** Longest QUIC handshake and hello, in milliseconds. */
export const HANDSHAKE_DEADLINE_MS = 5_000;

/** QUIC idle timeout in milliseconds (RFC 9000, section 10.1). */
export const IDLE_TIMEOUT_MS = 30_000;

/** Keepalive interval in milliseconds: two may be lost before the idle timeout; home NATs keep UDP 30 s. */
export const KEEPALIVE_MS = 10_000;

/** Exchanges in flight per machine, as sender. */
export const EXCHANGES_IN_FLIGHT_MAX = 1_024;

/** Lanes per connection: one lost packet stalls a quarter of the messages, and four streams cost little. */
export const LANES_PER_CONNECTION = 4;

/** Most lanes that a client may open: more would only take memory. */
export const LANES_PER_CONNECTION_MAX = 16;

/** Devices that one session may provide. */
export const DEVICES_PER_SESSION_MAX = 256;

/** Watches that one session may have: each costs the hub a decision for every change of presence. */
export const WATCHES_PER_SESSION_MAX = 16;

/** Changes that may wait for one watcher that does not keep up; past that it gets a fresh snapshot instead. */
export const WATCH_BACKLOG_MAX = 1_024;

/** Service types that one device may provide. */
export const SERVICE_TYPES_PER_DEVICE_MAX = 32;

/** Default resolution deadline in milliseconds: accepted … acknowledged. */
export const RESOLUTION_DEADLINE_MS = 10_000;

/** Default job deadline in milliseconds, from the acknowledgement. */
export const JOB_DEADLINE_MS = 30_000;

/** Longest that either deadline may be asked for, and the cap on extensions, in milliseconds: a day. */
export const DEADLINE_MAX_MS = 86_400_000;

/** How long an idempotency key lives at the provider, in milliseconds. */
export const IDEMPOTENCY_TTL_MS = 3_600_000;

/** Default time that a closing hub or client lets exchanges finish, in milliseconds. */
export const DRAIN_MS = 2_000;

/** The application protocol of this version (RFC 7301). */
export const ALPN_QCONN_1 = 'qconn/1';
