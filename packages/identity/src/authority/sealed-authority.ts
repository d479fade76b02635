import type { SealCost } from '../seal-cost.ts';
import { isSealed, seal, unseal } from '../sealed.ts';
import type { AuthorityPem } from './authority-pem.ts';

/**
 * The same CA with its private keys sealed under a passphrase: what belongs on disk when there is one.
 * The two keys are sealed one by one, so that the root's can be taken away and opened elsewhere.
 */
export async function sealAuthority(pem: AuthorityPem, passphrase: string, cost?: SealCost): Promise<AuthorityPem> {
  const options = cost === undefined ? {} : { cost };
  return mapKeys(pem, async (key) => seal(key, passphrase, options));
}

/**
 * The same CA with its private keys opened; keys that are not sealed are left as they are.
 * @throws QconnError passphrase_wrong, credential_damaged
 */
export async function unsealAuthority(pem: AuthorityPem, passphrase: string | undefined): Promise<AuthorityPem> {
  return mapKeys(pem, async (key) => (isSealed(key) ? unseal(key, passphrase) : key));
}

async function mapKeys(pem: AuthorityPem, change: (key: string) => Promise<string>): Promise<AuthorityPem> {
  const issuingKeyPem = await change(pem.issuingKeyPem);
  if (pem.rootKeyPem === undefined) return { ...pem, issuingKeyPem };
  return { ...pem, issuingKeyPem, rootKeyPem: await change(pem.rootKeyPem) };
}
