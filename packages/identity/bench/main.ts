/**
 * `bench identity`: what identity costs a hub: issuing a certificate, verifying a request, validating
 * a client's chain. Medians in milliseconds of CPU time, as JSON on the last line.
 */
import { X509Certificate } from 'node:crypto';
import {
  CertificateAuthority,
  ChainVerifier,
  createCsr,
  generateKeyPair,
  TrustBundle,
  verifyCsr,
} from '@qconn/identity';

const ROUNDS = 2_000;
const now = Date.now();

const ca = await CertificateAuthority.create({ now });
const request = await createCsr(await generateKeyPair());
const { spki } = await verifyCsr(request);
const issued = await ca.issueMachine({ spki, now });
const [leafDer = new Uint8Array(), ...intermediatesDer] = issued.chainPem.map((pem) => new X509Certificate(pem).raw);
const verifier = new ChainVerifier(TrustBundle.parse(ca.rootPem));

const figures = {
  bench: 'identity',
  issueCpuMsP50: await medianCpuMs(async () => ca.issueMachine({ spki, now })),
  csrVerifyCpuMsP50: await medianCpuMs(async () => verifyCsr(request)),
  pathValidationMsP50: await medianCpuMs(() => verifier.verify({ leafDer, intermediatesDer, now, purpose: 'machine' })),
};
console.log(JSON.stringify(figures));

/** CPU time of the whole process per call, so that work in the thread pool counts. */
async function medianCpuMs(run: () => unknown): Promise<number> {
  for (let round = 0; round < ROUNDS / 4; round += 1) await run();
  const samples: number[] = [];
  for (let batch = 0; batch < ROUNDS / 20; batch += 1) {
    const before = process.cpuUsage();
    for (let round = 0; round < 20; round += 1) await run();
    const { user, system } = process.cpuUsage(before);
    samples.push((user + system) / 20 / 1_000);
  }
  return Number((samples.toSorted((a, b) => a - b)[samples.length >> 1] ?? Number.NaN).toFixed(3));
}
