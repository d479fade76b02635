import { quicCarrier } from '../links/quic.ts';
import { tlsCarrier } from '../links/tls.ts';
import type { Carrier, Identities } from '../links/link.ts';

/** What a process of the benchmark is told at its start. */
export interface Task {
  readonly carrier: 'quic' | 'quic-1350' | 'tls';
  readonly identities: Identities;
  readonly port?: number;
}

export function carrierOf({ carrier }: Task): Carrier {
  if (carrier === 'tls') return tlsCarrier;
  return quicCarrier(carrier === 'quic-1350' ? 1_350 : undefined);
}
