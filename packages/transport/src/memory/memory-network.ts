import { systemClock, type Clock } from '@qconn/clock';
import type { QconnError } from '@qconn/protocol';
import type { SocketAddress } from '../connection.ts';
import type { Endpoint } from '../endpoint.ts';
import { Router, type AlpnHandlers, type FailedHandler, type IdentityProvider } from '../router.ts';
import { MemoryEndpoint } from './memory-endpoint.ts';

/** How an endpoint of a memory network behaves. */
export interface MemoryEndpointOptions<Auth = undefined> {
  /** Where others reach it. Default: an address of its own. */
  readonly address?: SocketAddress;
  /** What peers see as its certificates, in DER, leaf first. Nobody verifies them here. */
  readonly certificates?: readonly Uint8Array[];
  readonly handlers?: AlpnHandlers<Auth>;
  /** Says who a peer is, as at a QUIC endpoint. */
  readonly identify?: IdentityProvider<Auth>;
  /** Whether clients must present a certificate. Default true. */
  readonly requireClientCertificate?: boolean;
  readonly onRefused?: (refused: { readonly remote: SocketAddress; readonly error: QconnError }) => void;
  readonly onHandlerError?: (failed: FailedHandler) => void;
}

/** Endpoints within this process that reach each other by address. */
export interface MemoryNetwork {
  createEndpoint<Auth = undefined>(options?: MemoryEndpointOptions<Auth>): Endpoint;
}

/** Makes a network for tests of what stands above the transport: real interfaces and back-pressure, no sockets, no TLS. */
export function createMemoryNetwork(clock: Clock = systemClock): MemoryNetwork {
  const endpoints = new Map<string, MemoryEndpoint>();
  const schedule = inTurns();
  let lastPort = 0;
  return {
    createEndpoint<Auth>({ handlers, identify, ...options }: MemoryEndpointOptions<Auth> = {}) {
      lastPort += 1;
      const { onHandlerError: onFailure } = options;
      return new MemoryEndpoint(
        { endpoints, schedule, clock },
        { ...options, address: options.address ?? { host: '192.0.2.1', port: lastPort } },
        handlers === undefined ? undefined : new Router<Auth>({ handlers, identify, onFailure }),
      );
    },
  };
}

/** Acts run in the order in which they were scheduled, in turns of the event loop after the one that scheduled them. */
function inTurns(): (act: () => void) => void {
  let acts: (() => void)[] = [];
  return (act) => {
    acts.push(act);
    if (acts.length > 1) return;
    setImmediate(() => {
      const due = acts;
      acts = [];
      for (const each of due) each();
    });
  };
}
