import { QconnError } from '@qconn/protocol';
import type { Endpoint } from '../endpoint.ts';
import { Router } from '../router.ts';
import type { QuicDependencies, QuicOptions } from './options.ts';
import { QuicEndpoint } from './quic-endpoint.ts';

/**
 * Makes a QUIC endpoint; with `handlers` it serves from the moment the promise resolves.
 * @throws QconnError `address_in_use`, `tls_config`, or `no_handler` when the list of handlers is empty
 */
export async function createQuicEndpoint<Auth = undefined>(
  { identify, ...dependencies }: QuicDependencies<Auth>,
  { handlers, ...options }: QuicOptions<NoInfer<Auth>> = {},
): Promise<Endpoint> {
  const router = new Router<Auth>({ handlers: handlers ?? {}, identify, onFailure: dependencies.onHandlerError });
  if (handlers !== undefined && router.alpns.length === 0) throw new QconnError('no_handler');
  const endpoint = new QuicEndpoint(dependencies, options, router);
  if (handlers !== undefined) await endpoint.listen();
  return endpoint;
}
