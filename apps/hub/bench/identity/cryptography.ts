import { X509Certificate } from 'node:crypto';
import {
  CertificateAuthority,
  ChainVerifier,
  createCsr,
  generateKeyPair,
  TrustBundle,
  verifyCsr,
} from '@qconn/identity';
import { quantile } from '../../../../tooling/measure/quantile.ts';

const BATCHES = 100;
const BATCH = 20;

/** Medians of CPU time in milliseconds: issuing a machine's certificate, and validating a client's chain. */
export async function measureCryptography(): Promise<{ issueCpuMsP50: number; pathValidationMsP50: number }> {
  const now = Date.now();
  const authority = await CertificateAuthority.create({ now });
  const { spki } = await verifyCsr(await createCsr(await generateKeyPair()));
  const { chainPem } = await authority.issueMachine({ spki, now });
  const [leafDer = new Uint8Array(), ...intermediatesDer] = chainPem.map((pem) => new X509Certificate(pem).raw);
  const verifier = new ChainVerifier(TrustBundle.parse(authority.rootPem));
  return {
    issueCpuMsP50: await medianCpuMs(() => authority.issueMachine({ spki, now })),
    pathValidationMsP50: await medianCpuMs(() =>
      verifier.verify({ leafDer, intermediatesDer, now, purpose: 'machine' }),
    ),
  };
}

/** CPU time of the whole process per call, so that work in the thread pool counts. */
async function medianCpuMs(run: () => unknown): Promise<number> {
  for (let round = 0; round < BATCHES * 5; round += 1) await run();
  const samples: number[] = [];
  while (samples.length < BATCHES) {
    const before = process.cpuUsage();
    for (let round = 0; round < BATCH; round += 1) await run();
    const { user, system } = process.cpuUsage(before);
    samples.push((user + system) / BATCH / 1_000);
  }
  return Number(quantile(samples, 0.5).toFixed(3));
}
