/** What the engine holds for a connection outside the heap, roughly: TLS state, packets, streams, certificates. */
const CONNECTION_BYTES: number = 64 * 1024;

/**
 * Tells V8 how much hangs on a handle of the engine, of which it sees a few bytes: without that it collects so rarely
 * that thousands of finished connections stay in memory. A resizable buffer is mapped from the system rather than taken
 * from the heap, so it counts in full and, never being written to, takes no memory itself. To be kept as long as the handle.
 */
export function nativeWeight(): ArrayBuffer {
  return new ArrayBuffer(CONNECTION_BYTES, { maxByteLength: CONNECTION_BYTES });
}
