import type { Bench } from './bench.ts';
import type { Evidence } from './expectations.ts';
import { request, type Run } from './gtlsclient.ts';
import type { H3Endpoint } from './h3-endpoint.ts';

/** How a second connection with the ticket of a first one began. */
export interface Resumption {
  readonly evidence: Evidence;
  /** Both sides say so: the endpoint, and the client's log, in which the endpoint's certificates are missing. */
  readonly resumed: boolean;
  /** Both sides say so: the client sent before its handshake had ended, and the endpoint served it before then. */
  readonly earlyData: boolean;
}

/** Connects twice with `--session-file` and `--tp-file`. @throws Error when the first handshake is no full one */
export async function resume(endpoint: H3Endpoint, bench: Bench): Promise<Resumption> {
  const options = [
    ...bench.credentials,
    '--exit-on-all-streams-close',
    `--session-file=${bench.file('session')}`,
    `--tp-file=${bench.file('parameters')}`,
  ];
  const first = await request(endpoint.port, options);
  const run = await request(endpoint.port, options);
  const [before, ...seen] = await endpoint.seen();
  const certificates = bench.server.issued.chainDer.reduce((sum, { length }) => sum + length, 0);
  if (before?.resumed !== false || handshakeBytes(first) < certificates)
    throw new Error('The first connection was not made by a full handshake.');
  return {
    evidence: { run, seen, fingerprint: bench.machine.fingerprint },
    resumed: seen[0]?.resumed === true && handshakeBytes(run) < certificates,
    earlyData:
      seen[0]?.early === true &&
      /pkt tx .* type=0RTT/.test(run.log) &&
      !run.log.includes('Early data was rejected by server'),
  };
}

/** Bytes of the endpoint's handshake messages after its hello: extensions, certificates if any, finished. */
function handshakeBytes({ log }: Run): number {
  const frames = log.matchAll(/frm rx \d+ Handshake CRYPTO\(0x06\) offset=(\d+) len=(\d+)/g);
  return Math.max(0, ...Array.from(frames, ([, offset, length]) => Number(offset) + Number(length)));
}
