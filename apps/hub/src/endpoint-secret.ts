import { hkdfSync, randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateAuthority } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';

const FILE = 'endpoint.secret';
const BYTES = 32;

/**
 * The secret behind the QUIC endpoint's retry tokens, stateless resets (RFC 9000, section 10.3) and session tickets. The
 * same after a restart: a hub that was killed and comes back can tell its clients at once that their connections are gone,
 * where they would wait for the idle timeout. Hubs that stand for each other share file and CA.
 *
 * Whoever had it could make tickets in any machine's name, so the file alone is not enough: it is derived from the file
 * and the issuing CA's key, which may lie encrypted. Another issuing CA makes it another one.
 * @throws QconnError `ca_unusable` when the file is there and is not such a secret
 */
export async function loadEndpointSecret(dataFolder: string, authority: CertificateAuthority): Promise<Uint8Array> {
  const { issuingKeyPem } = authority.toPem();
  const stored = await loadStored(join(dataFolder, FILE));
  return new Uint8Array(hkdfSync('sha256', issuingKeyPem, stored, 'qconn endpoint', BYTES));
}

async function loadStored(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      const secret = randomBytes(BYTES);
      await file.writeFile(secret);
      await file.sync();
      return secret;
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const secret = await readFile(path);
  if (secret.length === BYTES) return secret;
  throw new QconnError(
    'ca_unusable',
    `${path} holds ${secret.length} bytes, not ${BYTES}; remove it, and a new one is made.`,
  );
}
