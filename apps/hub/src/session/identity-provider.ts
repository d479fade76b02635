import { X509Certificate } from 'node:crypto';
import { fingerprintOfCertificate } from '@qconn/identity';
import { isQconnError, QconnError } from '@qconn/protocol';
import type { Connection, IdentityProvider } from '@qconn/transport';
import type { LivePolicy } from '../policy/live-policy.ts';
import type { AuthContext } from './auth-context.ts';

/**
 * The identity provider of the hub's endpoint. A machine may connect before the announcement of its enrolment has
 * come, or after the announcement was lost: nobody who holds a certificate of ours is called unknown before the
 * database has been asked. Nobody is let in while the policy is too old to tell.
 * @throws QconnError `certificate_required`, `unknown_machine`, `revoked`, `identity_unavailable` or `policy_stale`
 */
export function identityProvider(policy: LivePolicy): IdentityProvider<AuthContext> {
  return (connection) => {
    if (policy.freshness.stale) throw new QconnError('policy_stale');
    try {
      return identify(connection, policy);
    } catch (error) {
      if (!isQconnError(error, 'unknown_machine')) throw error;
      return identifyAfresh(connection, policy);
    }
  };
}

async function identifyAfresh(connection: Connection, policy: LivePolicy): Promise<AuthContext> {
  if (!(await policy.upToDate())) throw new QconnError('identity_unavailable');
  return identify(connection, policy);
}

/**
 * Says who is behind a connection whose chain has been verified. Identity comes from the leaf alone:
 * the certificate whose key signed the handshake (GHSA-mrpr-756c-xm47).
 */
function identify(connection: Connection, policy: LivePolicy): AuthContext {
  const [leaf] = connection.peerCertificates;
  if (leaf === undefined) throw new QconnError('certificate_required');
  const { host, port } = connection.remote;
  return authContext(
    {
      fingerprint: fingerprintOfCertificate(leaf),
      credentialSerial: serialOf(leaf),
      alpn: connection.alpn,
      remoteAddress: `${host}:${port}`,
    },
    policy,
  );
}

/**
 * The auth context that a connection has under the policy in force now.
 * @throws QconnError `unknown_machine` or `revoked`
 */
export function authContext(
  peer: Pick<AuthContext, 'fingerprint' | 'credentialSerial' | 'alpn' | 'remoteAddress'>,
  policy: LivePolicy,
): AuthContext {
  const { fingerprint, credentialSerial, alpn, remoteAddress } = peer;
  const machine = policy.current.machine(fingerprint);
  if (machine === undefined) throw new QconnError('unknown_machine', `This hub knows no machine ${fingerprint}.`);
  const { status, hostname, roles } = machine;
  if (status === 'revoked') throw new QconnError('revoked', `The machine ${hostname ?? fingerprint} has been revoked.`);
  if (policy.isRevoked(credentialSerial))
    throw new QconnError(
      'revoked',
      `The credential ${credentialSerial} of ${hostname ?? fingerprint} has been revoked.`,
    );
  return Object.freeze({
    fingerprint,
    status,
    hostname,
    roles,
    credentialSerial,
    generation: policy.current.generation,
    alpn,
    remoteAddress,
  });
}

/** The serial as 32 lower-case hex digits, as the register of credentials has it. */
function serialOf(der: Uint8Array): string {
  return new X509Certificate(der).serialNumber.toLowerCase().padStart(32, '0');
}
