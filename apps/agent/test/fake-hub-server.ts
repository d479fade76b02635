import { randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@qconn/clock';
import { formatSecret, shortCode, verifyCsr, type Credential } from '@qconn/identity';
import { createTestPki, type TestPki } from '@qconn/testkit';
import { createQuicEndpoint, type Endpoint } from '@qconn/transport';
import type { FakeHub } from './fake-hub.ts';

/** A fake hub with real sockets: QUIC for sessions, HTTPS for enrolment. Takes any token that carries its pin. */
export class FakeHubServer {
  readonly #pki: TestPki;
  readonly #https: Server;
  readonly #quic: Endpoint;
  /** Bodies of the enrolments so far. */
  readonly enrolments: { token: string; hostname?: string }[];

  private constructor(pki: TestPki, https: Server, quic: Endpoint, enrolments: { token: string }[]) {
    this.#pki = pki;
    this.#https = https;
    this.#quic = quic;
    this.enrolments = enrolments;
  }

  /** @param aheadMs how far the hub's time is ahead of this computer's; negative where it is behind */
  static async start(hub: FakeHub, { aheadMs = 0 }: { readonly aheadMs?: number } = {}): Promise<FakeHubServer> {
    const pki = await createTestPki({ now: Date.now() + aheadMs });
    const { keyPem, chainPem } = await pki.server();
    const tls = { keyPem, chainPem, trustPem: [pki.rootPem] };
    const quic = await createQuicEndpoint(
      { clock: systemClock },
      { host: '127.0.0.1', port: 0, tls, handlers: hub.handlers },
    );
    hub.sign = async (csr) => {
      const { spki } = await verifyCsr(csr);
      const { chainPem: chain } = await pki.ca.issueMachine({ spki, now: Date.now() });
      return chain.map((pem) => new X509Certificate(pem).raw);
    };
    const enrolments: { token: string }[] = [];
    const https = createServer({ key: keyPem, cert: [...chainPem, pki.rootPem].join('\n') }, (request, response) => {
      response.setHeader('date', new Date(Date.now() + aheadMs).toUTCString());
      if (request.method === 'GET') return void response.end('{}');
      void request.toArray().then(async (chunks) => {
        const body = JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as { token: string; csr: string };
        enrolments.push(body);
        const answer = await enrol(pki, quic, body.csr);
        response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      });
    });
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    return new FakeHubServer(pki, https, quic, enrolments);
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#https.address() as AddressInfo).port}`;
  }

  /** The credential of a machine that enrolled when both clocks agreed. */
  async credential(): Promise<Credential> {
    const { keyPem, chainPem } = await this.#pki.machine();
    const quic = [{ host: '127.0.0.1', port: this.#quic.address.port }];
    return { privateKeyPem: keyPem, chainPem, trustBundlePem: [this.#pki.rootPem], hub: { https: this.url, quic } };
  }

  get token(): string {
    return formatSecret('qt', { id: randomBytes(8), secret: randomBytes(16), pin: this.#pki.rootPin });
  }

  async close(): Promise<void> {
    this.#https.closeAllConnections();
    await new Promise((resolve) => this.#https.close(resolve));
    await this.#quic.close();
  }
}

async function enrol(pki: TestPki, quic: Endpoint, csr: string): Promise<unknown> {
  const { spki, fingerprint } = await verifyCsr(new Uint8Array(Buffer.from(csr, 'base64')));
  const issued = await pki.ca.issueMachine({ spki, now: Date.now() });
  return {
    machine: { fingerprint, shortCode: shortCode(fingerprint), status: 'pending' },
    chain: issued.chainPem,
    trust: [pki.rootPem],
    quic: { port: quic.address.port, addresses: [] },
  };
}
