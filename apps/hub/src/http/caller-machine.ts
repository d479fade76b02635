import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { INTERMEDIATES_MAX, verifyChain } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import type { FastifyRequest } from 'fastify';
import type { ApiContext } from './app.ts';
import type { Caller } from './caller.ts';

/**
 * Who the machine is whose certificate the client presented in the TLS handshake. The handshake has proven that it
 * holds the key; everything else is checked here for each request, so that neither an open connection nor a resumed one
 * outlives the certificate, the trust in its root, or a revocation.
 * @returns undefined when no certificate was presented
 * @throws QconnError `certificate_untrusted`, `certificate_expired`, `certificate_rejected`, `unknown_machine`, `revoked`, `pending`
 */
export function callerOfMachine(request: FastifyRequest, context: ApiContext): Caller | undefined {
  const chain = presentedChain(request.raw.socket as Partial<TLSSocket>);
  const [leafDer, ...intermediatesDer] = chain;
  if (leafDer === undefined) return undefined;
  refuseForeignSite(request);
  const { fingerprint, serial, notAfterMs } = verifyChain({
    leafDer,
    intermediatesDer,
    roots: context.authority.trust,
    now: context.clock.now(),
    purpose: 'machine',
  });
  const machine = context.policy.current.machine(fingerprint);
  if (machine === undefined) throw new QconnError('unknown_machine', `This hub knows no machine ${fingerprint}.`);
  const { status, hostname, roles } = machine;
  const name = `the machine ${hostname ?? fingerprint}`;
  if (status === 'revoked') throw new QconnError('revoked', `${capital(name)} has been revoked.`);
  if (context.policy.isRevoked(serial))
    throw new QconnError('revoked', `The credential ${serial} of ${name} has been revoked.`);
  if (status === 'pending') throw new QconnError('pending', `${capital(name)} has not been authorized yet.`);
  return { kind: 'machine', actor: `machine:${fingerprint}`, name, roles, party: fingerprint, endsAt: notAfterMs };
}

/** What the client presented, its own certificate first. Node links each to its issuer, the last to itself. */
function presentedChain(socket: Partial<TLSSocket>): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate?.(true);
  // A client without a certificate has one that is an empty object.
  while (next?.raw instanceof Uint8Array && chain.length <= INTERMEDIATES_MAX) {
    chain.push(next.raw);
    if (next.issuerCertificate === next) break;
    next = next.issuerCertificate;
  }
  return chain;
}

/**
 * A browser presents a certificate that it holds whatever page makes the request (cross-site request forgery): what a
 * page of another site asks for is refused.
 */
function refuseForeignSite({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  const foreign = site !== undefined && site !== 'same-origin' && site !== 'none';
  const elsewhere = headers.origin !== undefined && headers.origin !== `https://${headers.host ?? ''}`;
  if (foreign || elsewhere)
    throw new QconnError('forbidden', 'A certificate does not speak for requests that a page of another site makes.');
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
