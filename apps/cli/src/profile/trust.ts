import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fetchPinnedTrust } from '@qconn/client';
import { QconnError } from '@qconn/protocol';

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** How to know the right hub from a wrong one. */
export interface TrustSource {
  /** SHA-256 of the root's public key, hex, as `qconn-hub init` and `qconn profiles` show it. */
  readonly pin?: string | undefined;
  /** File with the root certificates, PEM. */
  readonly file?: string | undefined;
}

/**
 * The roots to trust. With a pin they are fetched: nothing is sent to the hub before it has shown the root.
 * @returns undefined when the source names nothing
 * @throws QconnError `usage`, `pin_mismatch`, `hub_untrusted`, `unreachable`
 */
export async function trustFrom({ pin, file }: TrustSource, url: URL): Promise<readonly string[] | undefined> {
  if (pin !== undefined && file !== undefined)
    throw new QconnError('usage', 'Give a pin or a file with roots to trust, not both.');
  if (pin !== undefined) return (await fetchPinnedTrust(url, parsePin(pin))).pem;
  return file === undefined ? undefined : rootsOf(await readRoots(file), file);
}

function parsePin(text: string): Uint8Array {
  const hex = text.trim().toLowerCase().replaceAll(':', '');
  if (!/^[0-9a-f]{64}$/.test(hex))
    throw new QconnError('usage', 'A pin has 64 hex digits; `qconn-hub init` and `qconn profiles` show it.');
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

async function readRoots(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new QconnError('usage', `The file ${file} cannot be read.`, { cause });
  }
}

function rootsOf(text: string, file: string): string[] {
  const roots = text.match(CERTIFICATES) ?? [];
  if (roots.length === 0 || !roots.every(isRoot))
    throw new QconnError('usage', `The file ${file} does not hold PEM certificates of CAs and nothing else.`);
  return roots.map((pem) => `${pem}\n`);
}

function isRoot(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
}
