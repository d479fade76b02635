import { createCsr, importPrivateKeyPem, type Credential } from '@qconn/identity';
import { readEnrolmentAnswer } from '../enrolment/enrolment-answer.ts';
import { HubHttps } from '../https/hub-https.ts';

/**
 * Renews a credential that has expired: over HTTPS, because QUIC lets in nobody whose certificate has. The request's
 * signature shows that the machine holds its key. A machine that was away for longer than the hub's grace period is pending afterwards.
 * @returns the credential with the new certificate and the roots to trust; nothing is stored
 * @throws QconnError `renewal_refused`, `revoked`, `unknown_object` from the hub; `unreachable`, `hub_untrusted`
 */
export async function recoverCredential(credential: Credential): Promise<Credential> {
  const csr = await createCsr(importPrivateKeyPem(credential.privateKeyPem));
  const https = new HubHttps({ url: credential.hub.https, trustPem: credential.trustBundlePem });
  try {
    const body = { csr: Buffer.from(csr).toString('base64') };
    const { chain, trust } = readEnrolmentAnswer(await https.call('POST', '/v1/recover', body));
    return { ...credential, chainPem: chain, trustBundlePem: trust };
  } finally {
    https.close();
  }
}
