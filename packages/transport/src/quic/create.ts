import type { Endpoint } from '../endpoint.ts';
import type { QuicDependencies, QuicOptions } from './options.ts';
import { QuicEndpoint } from './quic-endpoint.ts';

/**
 * Makes a QUIC endpoint; with `handlers` it serves from the moment the promise resolves.
 * @throws QconnError `address_in_use` or `tls_config`
 */
export async function createQuicEndpoint(dependencies: QuicDependencies, options: QuicOptions = {}): Promise<Endpoint> {
  const endpoint = new QuicEndpoint(dependencies, options);
  if (options.handlers !== undefined) await endpoint.listen();
  return endpoint;
}
