import { createHmac, randomFillSync, timingSafeEqual, webcrypto } from 'node:crypto';
import { events, QUICClient, QUICServer, type QUICConnection, type QUICStream } from '@matrixai/quic';
import type { TlsIdentity } from '@qconn/transport';
import type { Carrier, Link } from './link.ts';

/** Says nothing; by itself the library logs each connection. */
const SILENT = {
  getChild: () => SILENT,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
} as never as NonNullable<ConstructorParameters<typeof QUICServer>[0]['logger']>;

/** The high-level classes of `@matrixai/quic`, on the same engine: what it is like without an endpoint loop of our own. */
export const matrixaiCarrier: Carrier = {
  async serve({ server: tls }, onLink) {
    const server = new QUICServer({
      crypto: { key: tokenKey(), ops: { sign, verify } },
      config: configOf(tls),
      logger: SILENT,
    });
    server.addEventListener(events.EventQUICServerConnection.name, (accepted: Event) => {
      const connection = (accepted as InstanceType<typeof events.EventQUICServerConnection>).detail;
      connection.addEventListener(events.EventQUICConnectionStream.name, (opened: Event) =>
        onLink(linkOf((opened as InstanceType<typeof events.EventQUICConnectionStream>).detail)),
      );
    });
    await server.start({ host: '127.0.0.1', port: 0 });
    return server.port;
  },
  async connect({ client: tls }, port) {
    const ops = {
      randomBytes: (bytes: ArrayBuffer): Promise<void> => Promise.resolve(void randomFillSync(new Uint8Array(bytes))),
    };
    const client = await QUICClient.createQUICClient({
      host: '127.0.0.1',
      localHost: '127.0.0.1',
      port,
      serverName: 'localhost',
      logger: SILENT,
      crypto: { ops },
      config: configOf(tls),
    });
    const connection: QUICConnection = client.connection;
    return linkOf(connection.newStream());
  },
};

function configOf({ keyPem, chainPem, trustPem }: TlsIdentity): {
  key: string;
  cert: string;
  ca: string;
  verifyPeer: boolean;
} {
  return { key: keyPem, cert: chainPem.join(''), ca: trustPem.join(''), verifyPeer: true };
}

/** What its server wants for its retry tokens. */
function tokenKey(): ArrayBuffer {
  return webcrypto.getRandomValues(new Uint8Array(32)).buffer;
}

function sign(key: ArrayBuffer, data: ArrayBuffer): Promise<ArrayBuffer> {
  const mac = createHmac('sha256', new Uint8Array(key)).update(new Uint8Array(data)).digest();
  return Promise.resolve(new Uint8Array(mac).buffer);
}

async function verify(key: ArrayBuffer, data: ArrayBuffer, mac: ArrayBuffer): Promise<boolean> {
  return timingSafeEqual(new Uint8Array(await sign(key, data)), new Uint8Array(mac));
}

function linkOf(stream: QUICStream): Link {
  const writer = stream.writable.getWriter();
  const nothing = (): undefined => undefined;
  return {
    write: (bytes) => {
      // Its stream keeps what it is given; whoever writes may use the buffer again.
      writer.write(bytes.slice()).catch(nothing);
      return (writer.desiredSize ?? 0) > 0;
    },
    drained: () => writer.ready,
    onData: (take) => void readAll(stream, take).catch(nothing),
    end: () => void writer.close().catch(nothing),
  };
}

async function readAll(stream: QUICStream, take: (chunk: Uint8Array) => void): Promise<void> {
  for await (const chunk of stream.readable) take(chunk);
}
