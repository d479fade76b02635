/** What the engine holds for a connection outside the heap, roughly: TLS state, packets, streams, certificates. */
const CONNECTION_BYTES: number = 64 * 1024;

/**
 * What is said of it while the connection lives. V8 makes a full collection for each 64 MiB that come to be outside of its heap, and of
 * what lives it would find nothing: ten thousand machines that connect would have ten such collections, each of a larger heap. But
 * it is also what they leave in the heap while they connect that has to go.
 */
const LIVE_BYTES: number = 16 * 1024;

/**
 * Tells V8 how much hangs on a handle of the engine, of which it sees a few bytes: without that it collects so rarely
 * that thousands of finished connections stay in memory. A resizable buffer is mapped from the system rather than taken
 * from the heap, so it counts in full and, never being written to, takes no memory itself. To be kept as long as the handle.
 * @param finished whether the connection has ended, so that a collection will find it
 */
export function nativeWeight(finished: boolean): ArrayBuffer {
  const bytes = finished ? CONNECTION_BYTES : LIVE_BYTES;
  return new ArrayBuffer(bytes, { maxByteLength: bytes });
}
