import type { CredentialStore } from '@qconn/identity';
import { isQconnError, QconnError } from '@qconn/protocol';

/**
 * Keeps an enrolment or import from replacing a credential that can be used. A damaged one may be replaced: there
 * is nothing to lose.
 * @throws QconnError `already_enrolled`, `credential_exposed`, `passphrase_wrong`
 */
export async function refuseEnrolled(store: CredentialStore): Promise<void> {
  try {
    await store.load();
  } catch (error) {
    if (isQconnError(error, 'credential_missing') || isQconnError(error, 'credential_damaged')) return;
    throw error;
  }
  throw new QconnError('already_enrolled', `${store.folder} holds a credential that can be used.`);
}
