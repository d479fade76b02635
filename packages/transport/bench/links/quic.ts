import { systemClock } from '@qconn/clock';
import { createQuicEndpoint, type Stream } from '@qconn/transport';
import type { Carrier, Link } from './link.ts';

/** qconn's transport: one stream of one connection. @param maxDatagramBytes UDP payload; the interface's when left out */
export function quicCarrier(maxDatagramBytes?: number): Carrier {
  const size = maxDatagramBytes === undefined ? {} : { maxDatagramBytes };
  return {
    async serve({ server }, onLink) {
      const handlers = {
        bench: (connection: { onStream(accept: (stream: Stream) => void): void }) =>
          connection.onStream((stream) => onLink(linkOf(stream))),
      };
      const endpoint = await createQuicEndpoint(
        { clock: systemClock },
        { host: '127.0.0.1', tls: server, handlers, ...size },
      );
      return endpoint.address.port;
    },
    async connect({ client }, port) {
      const endpoint = await createQuicEndpoint({ clock: systemClock }, size);
      const address = { host: '127.0.0.1', port };
      const connection = await endpoint.connect({ address, serverName: '127.0.0.1', alpns: ['bench'], tls: client });
      return linkOf(connection.openStream());
    },
  };
}

function linkOf(stream: Stream): Link {
  return {
    write: (bytes) => stream.write(bytes),
    drained: () => stream.writable(),
    onData: (take, borrows = false) => stream.read({ data: take, end: () => undefined, borrows }),
    end: () => stream.end(),
  };
}
