import type { CertificateOptions } from '../admission/certificates.ts';
import type { HubConfig } from './hub-config.ts';

/** What the configuration says of machines' certificates. */
export function certificateOptions({ certificates }: Pick<HubConfig, 'certificates'>): CertificateOptions {
  const { machineValidityMs: validityMs, graceMs, recoveriesMax } = certificates;
  return { validityMs, graceMs, recoveriesMax };
}
