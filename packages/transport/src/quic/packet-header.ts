/** Length in bytes of the connection ids that this endpoint gives out: 64 bits of randomness each. */
export const CONNECTION_ID_BYTES = 8;

const LONG_HEADER = 0x80;
const LONG_HEADER_ID_OFFSET = 6;

/** The smallest datagram that may carry a client's first packet (RFC 9000, section 14.1). */
export const INITIAL_MIN_BYTES = 1200;

/** True for a packet of the handshake (RFC 9000, section 17.2). */
export function hasLongHeader(datagram: Uint8Array): boolean {
  return ((datagram[0] ?? 0) & LONG_HEADER) !== 0;
}

/**
 * The destination connection id of a datagram's first packet, as a map key; `undefined` when the
 * datagram is too short to have one. Read here rather than by the engine because it is needed for
 * every packet (RFC 8999, section 5).
 */
export function destinationKey(datagram: Buffer): string | undefined {
  if (!hasLongHeader(datagram)) {
    return datagram.length > CONNECTION_ID_BYTES ? datagram.toString('latin1', 1, 1 + CONNECTION_ID_BYTES) : undefined;
  }
  const end = LONG_HEADER_ID_OFFSET + (datagram[LONG_HEADER_ID_OFFSET - 1] ?? 0);
  return datagram.length >= end ? datagram.toString('latin1', LONG_HEADER_ID_OFFSET, end) : undefined;
}

/** A connection id as a map key. */
export function keyOfId(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1');
}
