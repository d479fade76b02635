/** The order of the group of P-256 (SEC 2, section 2.4.2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * The other form of an ECDSA P-256 signature, (r, n − s): as valid as the one that it is made from, and
 * made without the key. Takes and gives DER.
 */
export function malleableSignature(signature: Uint8Array): Uint8Array {
  const rEnd = 4 + (signature[3] ?? 0);
  const s = BigInt(`0x${Buffer.from(signature.subarray(rEnd + 2)).toString('hex')}`);
  return tlv(0x30, signature.subarray(2, rEnd), tlv(0x02, positive(ORDER - s)));
}

/**
 * The twin of a certificate that an ECDSA P-256 key has signed: the same certificate to every verifier,
 * with other bytes and another hash. Whoever revokes by hash lets it in.
 */
export function malleableTwin(certificateDer: Uint8Array): Uint8Array {
  const outer = header(certificateDer, 0);
  const body = header(certificateDer, outer.start);
  const algorithm = header(certificateDer, body.end);
  const signature = header(certificateDer, algorithm.end);
  const signed = certificateDer.subarray(outer.start, algorithm.end);
  // The first octet of a BIT STRING counts unused bits.
  const twin = malleableSignature(certificateDer.subarray(signature.start + 1, signature.end));
  return tlv(0x30, signed, tlv(0x03, Uint8Array.of(0), twin));
}

/** Where the contents of the DER value at an offset start and end. */
function header(der: Uint8Array, offset: number): { start: number; end: number } {
  const first = der[offset + 1] ?? 0;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  const start = offset + 2 + octets;
  const length = first < 0x80 ? first : der.subarray(offset + 2, start).reduce((sum, octet) => sum * 256 + octet, 0);
  return { start, end: start + length };
}

function positive(value: bigint): Uint8Array {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Uint8Array.of(0), bytes]) : bytes;
}

function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  return new Uint8Array(Buffer.concat([Uint8Array.of(tag, ...length), content]));
}
