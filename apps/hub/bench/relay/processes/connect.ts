import { systemClock } from '@qconn/clock';
import { Client, CLIENT_WINDOWS } from '@qconn/client';
import { ALPN_QCONN_1 } from '@qconn/protocol';
import { createQuicEndpoint, type Connection } from '@qconn/transport';
import type { BenchMachine } from '../machines.ts';

const endpoint = await createQuicEndpoint({ clock: systemClock }, CLIENT_WINDOWS);

/** A machine's client, without what renews its credential, and its connection. */
export interface Joined {
  readonly client: Client;
  readonly connection: Connection;
}

/** Connects a machine. @throws QconnError */
export async function join({ tls }: BenchMachine, host: string, port: number): Promise<Joined> {
  let connection: Connection | undefined;
  const dial = async (signal: AbortSignal): Promise<Connection> => {
    const address = { host, port };
    connection = await endpoint.connect({ address, serverName: '127.0.0.1', alpns: [ALPN_QCONN_1], tls, signal });
    return connection;
  };
  const client = new Client({ clock: systemClock, random: Math.random, dial }, 'bench/1');
  client.start();
  await client.connected({ phase: 'online' });
  return { client, connection: connection as unknown as Connection };
}
