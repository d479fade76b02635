import { matrixaiCarrier } from '../links/matrixai.ts';
import { quicCarrier } from '../links/quic.ts';
import { tlsCarrier } from '../links/tls.ts';
import type { Carrier, Identities } from '../links/link.ts';

/** Ways to carry a link. `matrixai`: the high-level classes of the library that ships our engine. */
export type CarrierName = 'quic' | 'quic-1350' | 'tls' | 'matrixai';

/** What a process of the benchmark is told at its start. */
export interface Task {
  readonly carrier: CarrierName;
  readonly identities: Identities;
  readonly port?: number;
}

export function carrierOf({ carrier }: Task): Carrier {
  if (carrier === 'tls') return tlsCarrier;
  if (carrier === 'matrixai') return matrixaiCarrier;
  return quicCarrier(carrier === 'quic-1350' ? 1_350 : undefined);
}

/** What moving a body has cost a process. */
export interface BodyCost {
  readonly maxRssMb: number;
  readonly cpuUs: number;
}

/** @param before the processor time that it had used when the body began to move */
export function bodyCost(before: NodeJS.CpuUsage): BodyCost {
  const { user, system } = process.cpuUsage(before);
  return { maxRssMb: Math.round(process.resourceUsage().maxRSS / 1024), cpuUs: user + system };
}
