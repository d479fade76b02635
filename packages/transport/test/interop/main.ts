import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '@qconn/clock';
import { createQuicEndpoint, type Connection } from '@qconn/transport';
import { createAuthority } from '../pki.ts';
import { Events } from '../waiting.ts';

/**
 * A QUIC stack that none of us wrote against this endpoint: `gtlsclient` (ngtcp2 with GnuTLS) of Debian's
 * `ngtcp2-client`. It speaks HTTP/3; the handler here only looks at what arrives.
 */
const CLIENT = 'gtlsclient';

/** The HTTP/3 frame that begins a request, and the error with which the client ends a request without an answer. */
const HEADERS_FRAME = 0x01;

const folder = mkdtempSync(path.join(tmpdir(), 'qconn-interop-'));
const session = [`--session-file=${folder}/session`, `--tp-file=${folder}/parameters`];

/** What each run asks of the client, and whether it has to resume. */
const RUNS: readonly { readonly name: string; readonly options: readonly string[]; readonly resumes?: boolean }[] = [
  { name: 'handshake, client certificate, a stream, close', options: [] },
  { name: 'key update', options: ['--key-update=10ms', '--delay-stream=200ms'] },
  { name: 'active migration', options: ['--change-local-addr=10ms', '--delay-stream=200ms'] },
  { name: 'NAT rebinding', options: ['--nat-rebinding', '--change-local-addr=10ms', '--delay-stream=200ms'] },
  { name: 'a ticket is given', options: session },
  { name: 'and taken', options: session, resumes: true },
];

const authority = await createAuthority('interop root');
const client = await authority.issue({ name: 'interop' });
writeFileSync(path.join(folder, 'key.pem'), client.keyPem, { mode: 0o600 });
writeFileSync(path.join(folder, 'cert.pem'), client.chainPem.join(''));

const connections = new Events<Connection>();
const server = await createQuicEndpoint(
  { clock: systemClock },
  {
    host: '127.0.0.1',
    tls: await authority.issue({ dns: ['localhost'], ips: ['127.0.0.1'] }),
    maxUniStreams: 3,
    handlers: { h3: connections.push },
  },
);

let failed = 0;
try {
  for (const { name, options, resumes = false } of RUNS) {
    const problem = await run(options, resumes);
    failed += problem === undefined ? 0 : 1;
    console.log(
      `${problem === undefined ? 'ok  ' : 'FAIL'}  ${CLIENT}: ${name}${problem === undefined ? '' : `: ${problem}`}`,
    );
  }
} finally {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${RUNS.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** @returns what went wrong, if anything */
async function run(options: readonly string[], resumes: boolean): Promise<string | undefined> {
  const credential = ['--cert', path.join(folder, 'cert.pem'), '--key', path.join(folder, 'key.pem')];
  const target = ['127.0.0.1', String(server.address.port), 'https://localhost/'];
  const program = spawn(CLIENT, [...credential, ...options, '--exit-on-first-stream-close', '-q', ...target], {
    stdio: 'ignore',
  });
  const missing = once(program, 'error').then(() => `${CLIENT} is missing: apt-get install ngtcp2-client`);
  const late = AbortSignal.timeout(10_000);
  const timedOut = once(late, 'abort').then(() => 'nothing came within 10 s');
  const seen = await Promise.race([connections.next(), missing, timedOut]);
  if (typeof seen === 'string') return seen;
  const request = await Promise.race([firstRequest(seen), timedOut]);
  const closed = await Promise.race([seen.closed, timedOut]);
  program.kill();
  if (seen.peerCertificates.length === 0) return 'its certificate was not seen';
  if (typeof request === 'string' || request[0] !== HEADERS_FRAME) return 'its request did not arrive';
  if (typeof closed === 'string' || closed.by !== 'peer') return 'it did not close cleanly';
  return seen.resumed === resumes ? undefined : `resumed: ${seen.resumed}`;
}

/** What came on the first request stream, whole. */
function firstRequest(connection: Connection): Promise<Uint8Array> {
  return new Promise((resolve) => {
    connection.onStream((stream) => {
      const chunks: Uint8Array[] = [];
      const data = (chunk: Uint8Array): void => void chunks.push(chunk);
      stream.read({
        data,
        end: ({ kind }) => {
          if (kind !== 'finished') return;
          resolve(Buffer.concat(chunks));
          stream.end();
        },
      });
    });
  });
}
