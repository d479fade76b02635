import { createSecureContext } from 'node:tls';
import { systemClock } from '@qconn/clock';
import { createCsr, exportPrivateKeyPem, exportSpki, fingerprintOf, generateKeyPair } from '@qconn/identity';
import { ALPN_QCONN_1 } from '@qconn/protocol';
import { createQuicEndpoint, type Connection, type TlsIdentity } from '@qconn/transport';
import { ScriptedClient } from '../../test/hub/scripted-client.ts';
import { post } from './post.ts';

/** What this process does when it is told to. */
export interface Calls {
  readonly enrol: {
    readonly task: {
      readonly https: string;
      readonly rootPem: string;
      readonly token: string;
      readonly clients: number;
      readonly warmUp: number;
      readonly count: number;
    };
    readonly answer: { readonly perSecond: number; readonly fingerprints: readonly string[] };
  };
  readonly connect: {
    readonly task: { readonly quicPort: number; readonly fingerprints: readonly string[] };
    readonly answer: null;
  };
  /** Revokes one after another. Times in milliseconds, from before the request to the end of the connection. */
  readonly revoke: {
    readonly task: {
      readonly https: string;
      readonly rootPem: string;
      readonly key: string;
      readonly fingerprints: readonly string[];
    };
    readonly answer: { readonly times: readonly number[] };
  };
}

type Work = { readonly [Name in keyof Calls]: (task: Calls[Name]['task']) => Promise<Calls[Name]['answer']> };

/** Handshakes at once, so that those who wait do not run out of time. */
const CONNECTING_AT_ONCE = 32;

const identities = new Map<string, TlsIdentity>();
const connections = new Map<string, Connection>();

const work: Work = { enrol, connect, revoke };

process.on('disconnect', () => process.exit(0));
process.on('message', ({ name, task }: { name: keyof Calls; task: never }) => {
  void work[name](task).then((answer) => process.send?.(answer));
});

async function enrol({
  https,
  rootPem,
  token,
  clients,
  warmUp,
  count,
}: Calls['enrol']['task']): Promise<Calls['enrol']['answer']> {
  const trust = { secureContext: createSecureContext({ ca: rootPem, minVersion: 'TLSv1.3' }) };
  const requests: { csr: string; keyPem: string; fingerprint: string }[] = [];
  while (requests.length < warmUp + count) {
    const keys = await generateKeyPair();
    const csr = Buffer.from(await createCsr(keys)).toString('base64');
    const fingerprint = fingerprintOf(await exportSpki(keys.publicKey));
    requests.push({ csr, fingerprint, keyPem: exportPrivateKeyPem(keys.privateKey) });
  }
  const enrolOne = async (index: number): Promise<void> => {
    const { csr, keyPem, fingerprint } = requests[index]!;
    const answer = await post(`${https}/v1/enroll`, { token, csr, hostname: `bench-${index}` }, { trust });
    identities.set(fingerprint, {
      keyPem,
      chainPem: answer['chain'] as string[],
      trustPem: answer['trust'] as string[],
    });
  };
  await inParallel(warmUp, clients, enrolOne);
  const begun = performance.now();
  await inParallel(count, clients, (index) => enrolOne(warmUp + index));
  const perSecond = (count / (performance.now() - begun)) * 1_000;
  return { perSecond, fingerprints: [...identities.keys()] };
}

async function connect({ quicPort, fingerprints }: Calls['connect']['task']): Promise<null> {
  const endpoint = await createQuicEndpoint({ clock: systemClock });
  await inParallel(fingerprints.length, CONNECTING_AT_ONCE, async (index) => {
    const fingerprint = fingerprints[index]!;
    const connection = await endpoint.connect({
      address: { host: '127.0.0.1', port: quicPort },
      serverName: '127.0.0.1',
      alpns: [ALPN_QCONN_1],
      tls: identities.get(fingerprint)!,
    });
    await new ScriptedClient(connection).greet();
    connections.set(fingerprint, connection);
  });
  return null;
}

async function revoke({
  https,
  rootPem,
  key,
  fingerprints,
}: Calls['revoke']['task']): Promise<Calls['revoke']['answer']> {
  const times: number[] = [];
  for (const fingerprint of fingerprints) {
    const begun = performance.now();
    const ended = connections.get(fingerprint)!.closed.then(() => performance.now() - begun);
    const [ms] = await Promise.all([
      ended,
      post(`${https}/v1/machines/${fingerprint}/revoke`, {}, { trust: { ca: rootPem }, key }),
    ]);
    times.push(ms);
  }
  return { times };
}

async function inParallel(count: number, workers: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}
