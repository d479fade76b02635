import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../../packages/clock/src/index.ts';
import { fingerprintOfCertificate } from '../../packages/identity/src/index.ts';
import {
  createQuicEndpoint,
  type CloseInfo,
  type Connection,
  type Endpoint,
  type Stream,
} from '../../packages/transport/src/index.ts';
import type { Bench } from './bench.ts';
import type { Case } from './cases.ts';
import { readFrame, type H3Frame } from './h3-frame.ts';

/** H3_NO_ERROR (RFC 9114, section 8.1). */
export const H3_NO_ERROR = 0x100;

/** HTTP/3 opens three streams of its own: control, QPACK encoder and decoder (RFC 9114, section 6.2). */
const H3_UNIDIRECTIONAL_STREAMS = 3;

/** A HEADERS frame that says `:status: 200` by the static table (RFC 9204, appendix A), and a DATA frame. */
const ANSWER: Buffer = Buffer.concat([Buffer.from([0x01, 3, 0, 0, 0xd9, 0x00, 5]), Buffer.from('hello')]);

/** How long a move may take, and how often the connection is asked, in milliseconds. */
const MOVE_LIMIT_MS = 30_000;
const MOVE_POLL_MS = 5;

/** What the endpoint saw of a connection. */
export interface Seen {
  readonly alpn: string;
  /** Of the client's certificate. */
  readonly fingerprint: string;
  /** Whether a ticket stood in for the certificates. */
  readonly resumed: boolean;
  /** Whether the connection was served before its handshake had ended. */
  readonly early: boolean;
  /** The first frame of the request stream, and how many bytes the stream had in all. */
  readonly frame: H3Frame | undefined;
  readonly requestBytes: number;
  /** The client's UDP port at the handshake, and when it was answered. */
  readonly ports: readonly [number, number];
  readonly close: CloseInfo;
}

/** Our endpoint with a handler for `h3` that answers each request with `hello`, however it asks. */
export class H3Endpoint {
  readonly #endpoint: Endpoint;
  readonly #seen: readonly Promise<Seen>[];

  private constructor(endpoint: Endpoint, seen: readonly Promise<Seen>[]) {
    this.#endpoint = endpoint;
    this.#seen = seen;
  }

  /** @throws QconnError `tls_config` */
  static async serve(wanted: Case, { server, rootPem }: Bench): Promise<H3Endpoint> {
    const seen: Promise<Seen>[] = [];
    const endpoint = await createQuicEndpoint(
      { clock: systemClock },
      {
        host: '127.0.0.1',
        tls: { keyPem: server.keyPem, chainPem: server.chainPem, trustPem: [rootPem] },
        maxUniStreams: H3_UNIDIRECTIONAL_STREAMS,
        handlers: { h3: (connection) => void seen.push(observe(connection, wanted)) },
        ...wanted.endpoint,
      },
    );
    return new H3Endpoint(endpoint, seen);
  }

  get port(): number {
    return this.#endpoint.address.port;
  }

  /** The connections that got through their handshake, once they have ended. */
  seen(): Promise<Seen[]> {
    return Promise.all(this.#seen);
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }
}

async function observe(connection: Connection, wanted: Case): Promise<Seen> {
  const early = !connection.established;
  const before = connection.remote.port;
  let after = before;
  let received = Buffer.alloc(0);
  const answer = async (stream: Stream): Promise<void> => {
    if (wanted.moves === true) await moveOf(connection, before);
    after = connection.remote.port;
    stream.write(ANSWER);
    stream.end();
    if (wanted.endpointCloses === true) connection.close(H3_NO_ERROR, 'that was all');
  };
  const takeRequest = (stream: Stream): void => {
    stream.read({
      data: (chunk) => (received = Buffer.concat([received, chunk])),
      end: ({ kind }) => {
        if (kind === 'finished') void answer(stream);
      },
    });
  };
  connection.onStream((stream) => {
    if (isRequest(stream)) takeRequest(stream);
    else stream.read({ data: () => undefined, end: () => undefined });
  });
  const close = await connection.closed;
  return {
    alpn: connection.alpn,
    fingerprint: fingerprintOfCertificate(connection.peerCertificates[0] ?? new Uint8Array()),
    resumed: connection.resumed,
    early,
    frame: readFrame(received),
    requestBytes: received.length,
    ports: [before, after],
    close,
  };
}

/** Waits until the client's new address has been validated; a connection tells nobody, so it is asked. */
async function moveOf(connection: Connection, port: number): Promise<void> {
  const giveUpAt = performance.now() + MOVE_LIMIT_MS;
  while (connection.remote.port === port && performance.now() < giveUpAt) await setTimeout(MOVE_POLL_MS);
}

/** Streams that a client opens in both directions (RFC 9114, section 6.1). */
function isRequest({ id }: Stream): boolean {
  return id % 4 === 0;
}
