import type { BodyOpening } from '@qconn/protocol';
import { createMemoryNetwork, Lanes, openBodyStream, type Connection, type Stream } from '@qconn/transport';
import { Bodies } from '../../src/body/bodies.ts';

/** Two programs' bodies with a connection between them, and no hub: what one offers the other can read. */
export interface JoinedBodies {
  readonly reader: Bodies;
  readonly owner: Bodies;
  /** Streams on which the owner was asked for bodies, in that order. */
  readonly asked: Stream[];
  readonly connection: Connection;
}

const TLS = { keyPem: '', chainPem: [], trustPem: [] };

export async function joinBodies(): Promise<JoinedBodies> {
  const network = createMemoryNetwork();
  const asked: Stream[] = [];
  const owner = new Bodies(() => {
    throw new Error('The owner asks for nothing.');
  });
  const sealed = Promise.withResolvers<void>();
  const serve = (connection: Connection): void => {
    const lanes = Lanes.accept(connection, {
      frame: () => undefined,
      failed: () => undefined,
      opened: () => {
        lanes.seal();
        sealed.resolve();
      },
      body: (opening: BodyOpening, stream) => {
        asked.push(stream);
        owner.send(opening, stream);
      },
    });
  };
  const server = network.createEndpoint({ certificates: [Uint8Array.of(1)], handlers: { test: serve } });
  const connection = await network
    .createEndpoint({ certificates: [Uint8Array.of(2)] })
    .connect({ address: server.address, serverName: 'hub', alpns: ['test'], tls: TLS });
  Lanes.open(connection, 1, { frame: () => undefined, failed: () => undefined });
  await sealed.promise;
  return { reader: new Bodies((opening) => openBodyStream(connection, opening)), owner, asked, connection };
}
