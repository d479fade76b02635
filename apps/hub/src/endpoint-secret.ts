import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { QconnError } from '@qconn/protocol';

const FILE = 'endpoint.secret';
const BYTES = 32;

/**
 * The secret behind the QUIC endpoint's retry tokens and stateless resets (RFC 9000, section 10.3). Kept in
 * the data folder: a hub that was killed and comes back can then tell its clients at once that their
 * connections are gone, where they would wait for the idle timeout. Hubs that stand for each other share the file.
 * @throws QconnError `ca_unusable` when the file is there and is not such a secret
 */
export async function loadEndpointSecret(dataFolder: string): Promise<Uint8Array> {
  const path = join(dataFolder, FILE);
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
