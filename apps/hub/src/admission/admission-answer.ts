import type { MachineRecord } from '@qconn/store';
import { advertisedAddresses } from '../config/advertised-addresses.ts';

/** What a machine is given that enrols or comes back: its certificate and whom to trust, in PEM, and where to go. */
export interface AdmissionAnswer {
  readonly machine: {
    readonly fingerprint: string;
    readonly shortCode: string;
    readonly status: string;
    readonly notApproved?: string;
  };
  readonly chain: string[];
  readonly trust: string[];
  readonly quic: { readonly port: number; readonly addresses: { host: string; port: number }[] };
}

/** The same whether the HTTPS API answers with it or a command writes it into a file. */
export function admissionAnswer(
  admitted: { readonly machine: MachineRecord; readonly notApproved?: string | undefined },
  { chain, trust }: { readonly chain: readonly string[]; readonly trust: readonly string[] },
  hub: { readonly quicPort: number; readonly advertise: readonly string[] },
): AdmissionAnswer {
  const { fingerprint, shortCode, status } = admitted.machine;
  const { notApproved } = admitted;
  return {
    machine: { fingerprint, shortCode, status, ...(notApproved !== undefined && { notApproved }) },
    chain: [...chain],
    trust: [...trust],
    quic: { port: hub.quicPort, addresses: advertisedAddresses(hub) },
  };
}
