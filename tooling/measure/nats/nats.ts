import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Child } from '../child.ts';
import type { LoadResult } from '../load.ts';

/** Certificates and keys of one side. */
export interface PemIdentity {
  readonly keyPem: string;
  readonly chainPem: readonly string[];
  readonly trustPem: readonly string[];
}

/** Debian puts it outside an ordinary PATH. */
const SERVERS = ['/usr/sbin/nats-server', '/usr/local/bin/nats-server', '/usr/bin/nats-server'];

/** Where nats-server is on this machine. */
export function findNatsServer(): string | undefined {
  return SERVERS.find((file) => existsSync(file));
}

/** The relay benchmark over nats-server with mutual TLS and its JavaScript client. */
export async function natsRelay(
  server: string,
  identities: { readonly server: PemIdentity; readonly client: PemIdentity },
  bodyBytes = 256,
): Promise<LoadResult[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'qconn-bench-nats-'));
  const port = await freePort();
  const files = writeFiles(folder, identities.server);
  const argv = [
    '-a',
    '127.0.0.1',
    '-p',
    String(port),
    '--tlsverify',
    '--tlscert',
    files.certFile,
    '--tlskey',
    files.keyFile,
    '--tlscacert',
    files.caFile,
  ];
  const nats = spawn(server, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  const children: Child[] = [];
  try {
    for (let log = ''; !log.includes('Server is ready');) log += String((await once(nats.stderr, 'data'))[0]);
    const task = { port, bodyBytes, tls: writeFiles(folder, identities.client) };
    const provider = new Child(path.join(import.meta.dirname, 'provider.ts'), task);
    children.push(provider);
    await provider.next();
    const requester = new Child(path.join(import.meta.dirname, 'requester.ts'), task);
    children.push(requester);
    return [await requester.next<LoadResult>(), await requester.next<LoadResult>(), await requester.next<LoadResult>()];
  } finally {
    for (const child of children) child.kill();
    nats.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeFiles(
  folder: string,
  { keyPem, chainPem, trustPem }: PemIdentity,
): { caFile: string; certFile: string; keyFile: string } {
  const write = (name: string, text: string): string => {
    const file = path.join(folder, `${Math.random().toString(36).slice(2)}-${name}`);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  return {
    caFile: write('ca.pem', trustPem.join('')),
    certFile: write('cert.pem', chainPem.join('')),
    keyFile: write('key.pem', keyPem),
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
