import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createTestPki, type TestIdentity, type TestPki } from '@qconn/testkit';

/** An HTTPS server with a certificate of a CA made for the test, which shows its root too, as a hub does. */
export class TlsServer {
  readonly pki: TestPki;
  readonly keyPem: string;
  readonly #server: Server;

  private constructor(pki: TestPki, keyPem: string, server: Server) {
    this.pki = pki;
    this.keyPem = keyPem;
    this.#server = server;
  }

  static async start(answer: RequestListener, make?: (pki: TestPki) => Promise<TestIdentity>): Promise<TlsServer> {
    const pki = await createTestPki();
    const { keyPem, chain } = await (make === undefined ? pki.server() : make(pki));
    const server = createServer({ key: keyPem, cert: chain + pki.rootPem, minVersion: 'TLSv1.3' }, answer);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TlsServer(pki, keyPem, server);
  }

  get url(): URL {
    return new URL(`https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
