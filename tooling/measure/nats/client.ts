import { connect, type NatsConnection } from '@nats-io/transport-node';

/** What a NATS process of the benchmark is told at its start. */
export interface NatsTask {
  readonly port: number;
  readonly bodyBytes: number;
  readonly tls: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
}

export function connectNats({ port, tls }: NatsTask): Promise<NatsConnection> {
  return connect({ servers: `tls://localhost:${port}`, tls });
}
