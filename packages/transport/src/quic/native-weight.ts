/** What the engine holds for a connection outside the heap, roughly: TLS state, packets, streams, certificates. */
const CONNECTION_BYTES: number = 64 * 1024;

/**
 * What V8 is told while the connection lives. V8 makes a full collection for each 64 MiB that are added outside of its heap.
 * With the whole weight, ten thousand machines that connect would cause ten of them, which find nothing to free. With no
 * weight at all, the garbage of their handshakes would stay too long.
 */
const LIVE_BYTES: number = 16 * 1024;

/**
 * Tells V8 how much memory hangs on a handle of the engine, of which it sees a few bytes: otherwise it collects so rarely
 * that thousands of finished connections stay in memory. A resizable buffer is mapped from the system rather than taken
 * from the heap. So V8 counts all of it, and it takes no memory, since nobody writes to it. Keep it as long as the handle.
 * @param finished whether the connection has ended, so that a collection can free it
 */
export function nativeWeight(finished: boolean): ArrayBuffer {
  const bytes = finished ? CONNECTION_BYTES : LIVE_BYTES;
  return new ArrayBuffer(bytes, { maxByteLength: bytes });
}
