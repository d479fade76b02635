import { concat } from './der/write.ts';

/** Labels in use (RFC 7468, section 3; `X509 CRL` is the one that OpenSSL reads). */
export type PemLabel = 'CERTIFICATE' | 'CERTIFICATE REQUEST' | 'PRIVATE KEY' | 'X509 CRL';

/** One PEM block with its closing newline, lines of 64 characters (RFC 7468, section 2). */
export function encodePem(label: PemLabel, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/**
 * The DER of every block with this label, in order. Text between blocks and blocks with other labels
 * are passed over (RFC 7468, section 2).
 * @returns `undefined` when a block with this label is broken: bad base64 or no matching end.
 */
export function decodePem(label: PemLabel, pem: string): Uint8Array[] | undefined {
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  const blocks: Uint8Array[] = [];
  for (let at = pem.indexOf(begin); at >= 0; at = pem.indexOf(begin, at)) {
    const stop = pem.indexOf(end, at);
    const der = stop < 0 ? undefined : decodeBase64(pem.slice(at + begin.length, stop));
    if (der === undefined) return undefined;
    blocks.push(der);
    at = stop + end.length;
  }
  return blocks;
}

function decodeBase64(body: string): Uint8Array | undefined {
  const compact = body.replace(/[ \t\r\n]+/g, '');
  if (compact.length === 0 || compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined;
  return concat([Buffer.from(compact, 'base64')]);
}
