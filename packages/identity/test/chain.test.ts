import { X509Certificate } from 'node:crypto';
import { isQconnError, type ErrorCode } from '@qconn/protocol';
import {
  ChainVerifier,
  pinOfCertificate,
  TrustBundle,
  verifyChain,
  verifyPinnedServer,
  type PresentedChain,
} from '@qconn/identity';
import { createTestPki, type TestIdentity, type TestPki } from '@qconn/testkit';
import { beforeAll, describe, expect, test } from 'vitest';

const NOW = Date.now();

let pki: TestPki;
let roots: TrustBundle;
let machine: TestIdentity;
let server: TestIdentity;

beforeAll(async () => {
  pki = await createTestPki({ now: NOW });
  roots = TrustBundle.parse(pki.rootPem);
  machine = await pki.machine();
  server = await pki.server();
});

const der = (pem: string): Uint8Array => new Uint8Array(new X509Certificate(pem).raw);
const ders = (pems: readonly string[]): Uint8Array[] => pems.map(der);

function presented(identity: TestIdentity, change: Partial<PresentedChain> = {}): PresentedChain {
  const [leafDer = new Uint8Array(), ...intermediatesDer] = ders(identity.chainPem);
  return { leafDer, intermediatesDer, now: NOW, purpose: 'machine', ...change };
}

function codeOf(run: () => unknown): ErrorCode | 'accepted' {
  try {
    run();
    return 'accepted';
  } catch (error) {
    if (isQconnError(error)) return error.code;
    throw error;
  }
}

const codeFor = (chain: PresentedChain, trusted: TrustBundle = roots): ErrorCode | 'accepted' =>
  codeOf(() => verifyChain({ ...chain, roots: trusted }));

describe('a chain', () => {
  test('of a machine says who it is', () => {
    const verified = verifyChain({ ...presented(machine), roots });
    expect(verified).toMatchObject({
      fingerprint: machine.fingerprint,
      serial: machine.serial,
      notAfterMs: machine.issued.notAfterMs,
    });
    expect(verified.rootPin).toEqual(pki.rootPin);
  });

  test('of a server holds for its hosts only', () => {
    for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '::1', '0:0:0:0:0:0:0:1'])
      expect(codeFor(presented(server, { purpose: 'server', host })), host).toBe('accepted');
    for (const host of ['example.org', 'a.localhost', '127.0.0.2', ''])
      expect(codeFor(presented(server, { purpose: 'server', host })), host).toBe('hub_untrusted');
  });

  test('is judged by its dates, every certificate of it', async () => {
    const old = await createTestPki({ now: NOW - 400 * 86_400_000 });
    const { notAfterMs, notBeforeMs } = machine.issued;
    expect(codeFor(presented(machine, { now: notAfterMs }))).toBe('accepted');
    expect(codeFor(presented(machine, { now: notAfterMs + 1_000 }))).toBe('certificate_expired');
    expect(codeFor(presented(machine, { now: notBeforeMs - 1 }))).toBe('certificate_expired');
    expect(codeFor(presented(await pki.expiredMachine()))).toBe('certificate_expired');
    expect(codeFor(presented(await old.machine(), { now: NOW }), TrustBundle.parse(old.rootPem))).toBe(
      'certificate_expired',
    );
  });

  test('serves its purpose and no other', () => {
    expect(codeFor(presented(machine, { purpose: 'server' }))).toBe('certificate_rejected');
    expect(codeFor(presented(server))).toBe('certificate_rejected');
  });

  test('needs a path to a trusted root', async () => {
    const other = await createTestPki({ now: NOW });
    expect(codeFor(presented(await other.machine()))).toBe('certificate_untrusted');
    expect(codeFor(presented(machine, { intermediatesDer: [] }))).toBe('certificate_untrusted');
    const both = TrustBundle.parse([pki.rootPem, other.rootPem]);
    expect(codeFor(presented(await other.machine()), both)).toBe('accepted');
    expect(codeFor(presented(machine), both)).toBe('accepted');
  });

  test('finds its path whatever else comes along, in any order', async () => {
    const other = await createTestPki({ now: NOW });
    const clutter = ders([...(await other.machine()).chainPem, pki.rootPem, server.certificatePem]);
    const { intermediatesDer } = presented(machine);
    expect(codeFor(presented(machine, { intermediatesDer: [...clutter, ...intermediatesDer] }))).toBe('accepted');
    expect(
      codeFor(presented(machine, { intermediatesDer: [...clutter, ...intermediatesDer, ...intermediatesDer] })),
    ).toBe('certificate_rejected');
  });

  test('gives the identity of its leaf, not of a certificate that comes along', async () => {
    const other = await createTestPki({ now: NOW });
    const foreign = await other.machine();
    // A foreign leaf in front of a whole, valid chain: the peer holds the foreign key only.
    expect(codeFor(presented(foreign, { intermediatesDer: ders([...machine.chainPem, pki.rootPem]) }))).toBe(
      'certificate_untrusted',
    );
  });

  test('does not end at a leaf that signs, nor begin with a CA', async () => {
    const issuing = ders(pki.ca.issuingChainPem);
    expect(codeFor(presented(machine, { leafDer: issuing[0] ?? new Uint8Array(), intermediatesDer: [] }))).toBe(
      'certificate_rejected',
    );
    expect(codeFor(presented(machine, { leafDer: der(pki.rootPem) }))).toBe('certificate_rejected');
  });
});

describe('a verifier', () => {
  test('that remembers an issuing CA still checks dates, purpose and presence', () => {
    const verifier = new ChainVerifier(roots);
    const again = (change: Partial<PresentedChain> = {}): ErrorCode | 'accepted' =>
      codeOf(() => verifier.verify(presented(machine, change)));
    expect(again()).toBe('accepted');
    expect(again()).toBe('accepted');
    expect(again({ purpose: 'server' })).toBe('certificate_rejected');
    expect(again({ now: NOW + 400 * 86_400_000 })).toBe('certificate_expired');
    expect(again({ intermediatesDer: [] })).toBe('certificate_untrusted');
  });
});

describe('a pinned server', () => {
  const check = (chainPem: readonly string[], pin = pki.rootPin, host = 'localhost'): ErrorCode | 'accepted' =>
    codeOf(() => verifyPinnedServer({ presentedDer: ders(chainPem), pin, host, now: NOW }));

  test('is trusted when the pinned root vouches for it, and tells whom to trust from then on', () => {
    const { roots: found, certificate } = verifyPinnedServer({
      presentedDer: ders([...server.chainPem, pki.rootPem]),
      pin: pki.rootPin,
      host: '127.0.0.1',
      now: NOW,
    });
    expect(found.pem).toEqual([pki.rootPem]);
    expect(certificate.fingerprint).toBe(server.fingerprint);
  });

  test('is refused otherwise', async () => {
    const other = await createTestPki({ now: NOW });
    const otherServer = await other.server();
    const whole = [...server.chainPem, pki.rootPem];
    expect(check(whole, other.rootPin)).toBe('pin_mismatch');
    expect(check(server.chainPem)).toBe('pin_mismatch');
    expect(check([])).toBe('pin_mismatch');
    expect(check([pki.rootPem])).toBe('pin_mismatch');
    expect(check([...otherServer.chainPem, pki.rootPem])).toBe('certificate_untrusted');
    expect(check([...machine.chainPem, pki.rootPem])).toBe('certificate_rejected');
    expect(check(whole, pki.rootPin, 'hub.example')).toBe('hub_untrusted');
    expect(check(whole, pinOfCertificate(der(server.certificatePem)))).toBe('pin_mismatch');
    expect(check([...(await pki.expiredServer()).chainPem, pki.rootPem])).toBe('certificate_expired');
  });
});

test('a trust bundle takes roots from many texts once each, and nothing but CAs', () => {
  const both = TrustBundle.parse([`# our root\n${pki.rootPem}\n`, pki.rootPem]);
  expect(both.roots).toHaveLength(1);
  expect(both.holdsPin(pki.rootPin)).toBe(true);
  expect(both.holdsPin(new Uint8Array(32))).toBe(false);
  for (const bad of [
    '',
    'x',
    machine.certificatePem,
    pki.rootPem.slice(0, -30),
    [],
    `${pki.rootPem}${machine.certificatePem}`,
  ]) {
    expect(codeOf(() => TrustBundle.parse(bad))).toBe('certificate_rejected');
  }
});
