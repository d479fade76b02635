import type { Case } from './cases.ts';
import type { Run } from './gtlsclient.ts';
import { H3_NO_ERROR, type Seen } from './h3-endpoint.ts';
import { HEADERS } from './h3-frame.ts';

/** What both sides say of one connection. */
export interface Evidence {
  readonly run: Run;
  readonly seen: readonly Seen[];
  /** Of the certificate that the client was given. */
  readonly fingerprint: string;
}

/** What is not as it has to be in a case; nothing when it passed. */
export function complaints(wanted: Case, { run, seen, fingerprint }: Evidence): string[] {
  const [connection] = seen;
  if (connection === undefined) return [`no handshake came about (the client's exit code: ${run.exitCode})`];
  return [
    ...unless(seen.length === 1, `${seen.length} connections instead of one`),
    ...unless(run.exitCode === 0, `the client's exit code is ${run.exitCode}`),
    ...unless(connection.alpn === 'h3', `the protocol is ${connection.alpn}`),
    ...unless(connection.fingerprint === fingerprint, `the certificate seen is of ${connection.fingerprint}`),
    ...requestComplaints(connection, run, wanted.bodyBytes ?? 0),
    ...unless(/http: stream 0x0 body 5 bytes/.test(run.log), 'the client did not get the answer'),
    ...closeComplaints(connection, wanted.endpointCloses === true),
    ...unless(wanted.moves !== true || connection.ports[0] !== connection.ports[1], 'the client did not move'),
    ...(wanted.logged ?? []).flatMap((sign) => unless(sign.test(run.log), `the client's log does not say ${sign}`)),
  ];
}

function requestComplaints({ frame, requestBytes }: Seen, { log }: Run, bodyBytes: number): string[] {
  if (frame === undefined) return [`of the first frame not more than ${requestBytes} bytes arrived`];
  const last = /frm tx .* STREAM\(0x\w+\) id=0x0 fin=1 offset=(\d+) len=(\d+)/.exec(log);
  const sent = Number(last?.[1]) + Number(last?.[2]);
  const rest = requestBytes - frame.bytes;
  return [
    ...unless(frame.type === HEADERS, `the first frame's type is ${frame.type}`),
    ...unless(requestBytes === sent, `${requestBytes} of ${sent} bytes of the request stream arrived`),
    // A request without a body is its HEADERS frame and nothing else.
    ...unless(bodyBytes > 0 ? rest > bodyBytes : rest === 0, `${rest} bytes follow the first frame`),
  ];
}

function closeComplaints({ close }: Seen, endpointCloses: boolean): string[] {
  if (endpointCloses) return unless(close.by === 'local', `the connection ended by ${close.by}`);
  const clean = close.by === 'peer' && close.error.facts['code'] === H3_NO_ERROR;
  return unless(clean, `the connection ended by ${close.by}: ${close.error.message}`);
}

function unless(holds: boolean, complaint: string): string[] {
  return holds ? [] : [complaint];
}
