import { readFile } from 'node:fs/promises';
import { CertificateAuthority } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';

/** Files of a CA from elsewhere, in PEM. The root's key stays where it is. */
export interface BroughtFiles {
  /** The issuing CA's certificate, then any CAs between it and the root. */
  readonly issuingCert?: string | undefined;
  /** Its private key, not encrypted. */
  readonly issuingKey?: string | undefined;
  /** The root's certificate. */
  readonly root?: string | undefined;
}

/**
 * Reads a CA that an organisation brings.
 * @returns `undefined` when none of the files is named
 * @throws QconnError `usage` when some of them are, `ca_unusable`
 */
export async function readBroughtAuthority(
  { issuingCert, issuingKey, root }: BroughtFiles,
  now: number,
): Promise<CertificateAuthority | undefined> {
  if (issuingCert === undefined && issuingKey === undefined && root === undefined) return undefined;
  if (issuingCert === undefined || issuingKey === undefined || root === undefined)
    throw new QconnError('usage', 'A CA of your own takes all of --issuing-cert, --issuing-key and --root.');
  const authority = CertificateAuthority.load({
    rootPem: await read(root),
    issuingPem: await read(issuingCert),
    issuingKeyPem: await read(issuingKey),
  });
  if (authority.issuingNotAfterMs <= now || authority.rootNotAfterMs <= now)
    throw new QconnError('ca_unusable', 'The issuing CA’s certificate or its root has expired.');
  return authority;
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new QconnError('ca_unusable', `${path} cannot be read.`, { cause });
  });
}
