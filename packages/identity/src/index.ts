export { exportPrivateKeyPem, exportSpki, generateKeyPair, importPrivateKeyPem, type KeyPair } from './keys.ts';
export { fingerprintOf, isFingerprint, parseFingerprint } from './fingerprint.ts';
export { fingerprintOfCertificate, inspectCertificate, type CertificateFacts } from './inspect-certificate.ts';
export { shortCode } from './short-code.ts';
export { createCsr } from './csr-create.ts';
export { encodePem } from './pem.ts';
export { csrFromPem, verifyCsr, type VerifiedCsr } from './csr-verify.ts';
export { CertificateAuthority } from './authority/authority.ts';
export type { IssueOptions, IssueServerOptions } from './authority/issue-options.ts';
export type { CreateAuthorityOptions } from './authority/create.ts';
export type { AuthorityCertificate } from './authority/authority-certificates.ts';
export type { IssuedCertificate } from './authority/issued.ts';
export type { AuthorityPem } from './authority/authority-pem.ts';
export { sealAuthority, unsealAuthority } from './authority/sealed-authority.ts';
export type { RevocationListContents, RevocationReason, RevokedCertificate } from './x509/write-crl.ts';
export { pinOfCertificate, TrustBundle, type TrustedRoot } from './trust-bundle.ts';
export { ChainVerifier, verifyChain, type PresentedChain, type VerifiedCertificate } from './chain/chain-verifier.ts';
export type { Purpose } from './chain/leaf.ts';
export { verifyPinnedServer, type PinnedServer } from './chain/pinned-server.ts';
export { isWrongTime } from './chain/wrong-time.ts';
export { hashSecret, Secret, secretMatches, type SecretKind, type SecretParts } from './secret.ts';
export { formatSecret, generateSecret, parseSecret } from './secret-text.ts';
export {
  nextRenewal,
  renewalRetryDelay,
  type Renewal,
  type RenewalInput,
  type RenewalRetryInput,
} from './renewal-schedule.ts';
export {
  inspectCredential,
  type Credential,
  type CredentialFacts,
  type HubAddresses,
} from './credential/credential.ts';
export { formatCredential, parseCredential, type Protection } from './credential/credential-text.ts';
export { CredentialStore, type CredentialStoreOptions } from './credential/credential-store.ts';
export { writePrivate } from './credential/private-file.ts';
export { PrivateFolder, type FileOperations } from './credential/private-folder.ts';
export type { Generation, StoredGeneration, Warn } from './credential/generations.ts';
export { SEAL_COST, type SealCost } from './seal-cost.ts';
export { isSealed, seal, unseal, unsealFromBefore, type Unsealed } from './sealed.ts';
export type { RandomBytes } from './x509/serial.ts';
export {
  BACKDATE_MAX_MS,
  BACKDATE_MIN_MS,
  CERTIFICATE_MAX_BYTES,
  CREDENTIAL_FILE_MAX_BYTES,
  CSR_MAX_BYTES,
  INTERMEDIATES_MAX,
  ISSUING_VALIDITY_MS,
  MACHINE_VALIDITY_MAX_MS,
  MACHINE_VALIDITY_MIN_MS,
  MACHINE_VALIDITY_MS,
  ROOT_VALIDITY_MS,
  SERVER_VALIDITY_MS,
  TRUST_BUNDLE_MAX_ROOTS,
} from './limits.ts';
