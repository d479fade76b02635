import { lookup } from 'node:dns/promises';
import { request } from 'node:https';
import { isIP } from 'node:net';
import type { Clock } from '@qconn/clock';
import { isWrongTime, type Credential } from '@qconn/identity';
import { ALPN_QCONN_1, QconnError } from '@qconn/protocol';
import { createQuicEndpoint, type CloseInfo } from '@qconn/transport';
import { duration } from '../words.ts';
import { failure, ok, thrown, warning, type Finding } from './finding.ts';

/** Longest wait for the hub's HTTPS and for a QUIC handshake, in milliseconds. */
const HTTPS_DEADLINE_MS = 5_000;
const HANDSHAKE_DEADLINE_MS = 5_000;

/** A hub that turns a machine away says so within this time after the handshake, in milliseconds. */
const VERDICT_MS = 300;

/** Certificates are made valid from a minute before their time: a clock that is further behind cannot use a new one. */
const SKEW_MAX_MS = 60_000;

/** The names of the hub's addresses resolve. */
export async function checkNames(names: readonly string[]): Promise<Finding[]> {
  return Promise.all(
    [...new Set(names)].map(async (name) => {
      if (isIP(name) !== 0) return ok('hub name', `${name} is an address; nothing to resolve`);
      try {
        const found = await lookup(name, { all: true });
        return ok('hub name', `${name} is at ${found.map(({ address }) => address).join(', ')}`);
      } catch (error) {
        const why = (error as NodeJS.ErrnoException).code ?? 'no answer';
        return failure(
          'hub name',
          `${name} does not resolve (${why})`,
          'Check the name and this machine’s DNS servers (resolvectl status, /etc/resolv.conf).',
        );
      }
    }),
  );
}

/** HTTPS: what answers there is the hub that this machine enrolled with. @returns also what its clock says */
export async function checkHttps(
  { hub, trustBundlePem }: Credential,
  clock: Clock,
): Promise<{ readonly findings: Finding[]; readonly skewMs: number | undefined }> {
  const begun = clock.monotonic();
  try {
    const date = await healthDate(hub.https, trustBundlePem);
    const ms = Math.round(clock.monotonic() - begun);
    const findings = [ok('hub HTTPS (TCP)', `${hub.https} answers as the hub of this credential (${ms} ms)`)];
    return { findings, skewMs: date === undefined ? undefined : clock.now() - date };
  } catch (error) {
    const check = 'hub HTTPS (TCP)';
    if (isWrongTime(error)) {
      // Whoever answers is believed in this alone, which is to be compared with a clock on the wall.
      const date = await healthDate(hub.https, undefined).catch(() => undefined);
      const action =
        'Set this machine’s clock. If it is right, tell the hub’s administrator that its certificate has expired.';
      const detail = `by this machine’s clock the certificate of ${hub.https} has expired or is not valid yet`;
      return {
        findings: [failure(check, detail, action)],
        skewMs: date === undefined ? undefined : clock.now() - date,
      };
    }
    const action = 'Check address, port and firewall; enrolment and recovery need it, messages do not.';
    return { findings: [thrown(check, error, action)], skewMs: undefined };
  }
}

/** This machine's clock against the hub's, which the Date header tells to the second (RFC 9110, section 6.6.1). */
export function checkClock(skewMs: number | undefined): Finding {
  if (skewMs === undefined)
    return { check: 'clock', state: 'skipped', detail: 'the hub’s time is not known without HTTPS' };
  const off = `${duration(skewMs)} ${skewMs > 0 ? 'ahead of' : 'behind'} the hub’s`;
  if (Math.abs(skewMs) < 2_000) return ok('clock', 'agrees with the hub’s to two seconds');
  if (Math.abs(skewMs) < SKEW_MAX_MS)
    return warning('clock', `is ${off}`, 'Let NTP keep it (timedatectl set-ntp true).');
  const action = 'Set it: certificates seem expired or not valid yet (timedatectl set-ntp true).';
  return failure('clock', `is ${off}`, action);
}

/** QUIC: a real handshake with this machine's certificate, over UDP, to each address. Says nothing, so a running agent is not disturbed. */
export async function checkQuic(credential: Credential, clock: Clock): Promise<Finding[]> {
  const endpoint = await createQuicEndpoint({ clock });
  try {
    const findings: Finding[] = [];
    for (const { host, port } of credential.hub.quic) {
      findings.push(await shakeHands(endpoint, credential, { host, port }, clock));
    }
    return findings;
  } finally {
    await endpoint.close();
  }
}

async function shakeHands(
  endpoint: Awaited<ReturnType<typeof createQuicEndpoint>>,
  { privateKeyPem, chainPem, trustBundlePem }: Credential,
  { host, port }: { readonly host: string; readonly port: number },
  clock: Clock,
): Promise<Finding> {
  const check = 'hub QUIC (UDP)';
  const where = `${host} port ${port}`;
  const deadline = new AbortController();
  const timer = clock.setTimer(HANDSHAKE_DEADLINE_MS, () => deadline.abort());
  const begun = clock.monotonic();
  try {
    const address = isIP(host) === 0 ? (await lookup(host)).address : host;
    const tls = { keyPem: privateKeyPem, chainPem, trustPem: trustBundlePem };
    const connection = await endpoint.connect({
      address: { host: address, port },
      serverName: host,
      alpns: [ALPN_QCONN_1],
      tls,
      signal: deadline.signal,
    });
    const ms = Math.round(clock.monotonic() - begun);
    const verdict = await turnedAway(connection.closed, clock);
    if (verdict !== undefined) return thrown(check, verdict);
    connection.close(new QconnError('closed').wire, 'qconn-agent doctor has seen what it came for.');
    return ok(check, `${where}: handshake with this machine’s certificate in ${ms} ms`);
  } catch (error) {
    const silent = deadline.signal.aborted;
    const action =
      'Let UDP through to that port in both directions; firewalls and VPNs often stop it where TCP passes.';
    if (silent) return failure(check, `${where} did not answer within ${duration(HANDSHAKE_DEADLINE_MS)}`, action);
    return thrown(check, error);
  } finally {
    timer.cancel();
  }
}

async function turnedAway(closed: Promise<CloseInfo>, clock: Clock): Promise<QconnError | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.setTimer(VERDICT_MS, () => resolve(undefined));
  const info = await Promise.race([closed, promise]);
  timer.cancel();
  return info?.error;
}

/** @param trustPem `undefined`: whoever answers */
function healthDate(hub: string, trustPem: readonly string[] | undefined): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(
      new URL('/healthz', hub),
      {
        ...(trustPem === undefined ? { rejectUnauthorized: false } : { ca: [...trustPem] }),
        minVersion: 'TLSv1.3',
        timeout: HTTPS_DEADLINE_MS,
        agent: false,
      },
      (answer) => {
        answer.resume();
        const date = Date.parse(answer.headers.date ?? '');
        answer.once('end', () => resolve(Number.isNaN(date) ? undefined : date));
        answer.once('error', reject);
      },
    );
    asked.once('timeout', () => asked.destroy(new Error(`no answer within ${duration(HTTPS_DEADLINE_MS)}`)));
    asked.once('error', reject);
    asked.end();
  });
}
