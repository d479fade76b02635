import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { Carrier, Link } from './link.ts';

/** TLS over TCP, as Node has it: the ceiling that a JavaScript program can reach. */
export const tlsCarrier: Carrier = {
  async serve({ server }, onLink) {
    const options = { key: server.keyPem, cert: [...server.chainPem], ca: [...server.trustPem], requestCert: true };
    const listener = createServer(options, (socket) => onLink(linkOf(socket)));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return (listener.address() as AddressInfo).port;
  },
  async connect({ client }, port) {
    const options = {
      key: client.keyPem,
      cert: [...client.chainPem],
      ca: [...client.trustPem],
      host: '127.0.0.1',
      port,
    };
    const socket = connect(options);
    await once(socket, 'secureConnect');
    return linkOf(socket);
  },
};

function linkOf(socket: TLSSocket): Link {
  socket.setNoDelay(true);
  let corked = false;
  const flush = (): void => {
    corked = false;
    socket.uncork();
  };
  return {
    // One write a turn, as on the other side of the comparison.
    write: (bytes) => {
      if (!corked) {
        corked = true;
        socket.cork();
        setImmediate(flush);
      }
      return socket.write(Buffer.from(bytes));
    },
    drained: async () => {
      await once(socket, 'drain');
    },
    onData: (take) => void socket.on('data', take),
    end: () => void socket.end(),
  };
}
