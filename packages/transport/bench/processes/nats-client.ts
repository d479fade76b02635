import { once } from 'node:events';
import { connect, type NatsConnection } from '@nats-io/transport-node';

/** What a NATS process of the benchmark is told at its start. */
export interface NatsTask {
  readonly port: number;
  readonly tls: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
}

export async function receiveNatsTask(): Promise<NatsTask> {
  const [task] = (await once(process, 'message')) as [NatsTask];
  process.on('disconnect', () => process.exit(0));
  return task;
}

export function connectNats({ port, tls }: NatsTask): Promise<NatsConnection> {
  return connect({ servers: `tls://localhost:${port}`, tls });
}
