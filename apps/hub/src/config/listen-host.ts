import { networkInterfaces } from 'node:os';

/** A system without IPv6 cannot listen at `::`; what was meant is every address. */
export function listenHost(host: string): string {
  const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family }) => family === 'IPv6'),
  );
  return host === '::' && !hasIpv6 ? '0.0.0.0' : host;
}
