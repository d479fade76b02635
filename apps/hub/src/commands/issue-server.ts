import { readFile, rm, writeFile } from 'node:fs/promises';
import { systemClock } from '@qconn/clock';
import {
  csrFromPem,
  exportPrivateKeyPem,
  exportSpki,
  generateKeyPair,
  verifyCsr,
  writePrivate,
  type IssuedCertificate,
} from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import { EXIT_OK } from '@qconn/startup';
import type { HubConfig } from '../config/hub-config.ts';
import { openHubAuthority, openStoreOfHub } from '../initialise.ts';

export interface IssueServerOptions {
  readonly host?: readonly string[];
  readonly ip?: readonly string[];
  /** File of a request for the key to certify, PEM; without it a key is made. */
  readonly csr?: string;
  /** New file for the key that is made. */
  readonly keyOut?: string;
  /** New file for the certificate and the CAs below the root; standard output when left out. */
  readonly out?: string;
  readonly json?: boolean;
}

/**
 * `qconn-hub certs issue-server`: a TLS server certificate of the hub's CA, for what stands beside a hub, such as a proxy. The hub
 * itself makes its own.
 * @throws QconnError `usage`, `hostname_invalid`, `csr_…`, `data_locked`; as `openHubAuthority`
 */
export async function issueServer(config: HubConfig, options: IssueServerOptions): Promise<number> {
  const { host = [], ip = [], csr, keyOut, out, json = false } = options;
  const hosts = [...host, ...ip];
  if (hosts.length === 0) throw new QconnError('usage', 'Say for which server: --host NAME, --ip ADDRESS.');
  if ((csr === undefined) === (keyOut === undefined))
    throw new QconnError('usage', 'Give either a request (--csr FILE) or a file for a new key (--key-out FILE).');
  const key = csr === undefined ? await newKey(keyOut ?? '') : await requestedKey(csr);
  try {
    const issued = await issue(config, key, hosts);
    const pem = issued.chainPem.join('');
    if (out !== undefined) await writeNew(out, pem);
    const told = { serial: issued.serial, hosts, notAfter: new Date(issued.notAfterMs).toISOString() };
    if (json) process.stdout.write(`${JSON.stringify(out === undefined ? { ...told, pem } : told)}\n`);
    else process.stdout.write(out === undefined ? pem : `Issued for ${hosts.join(', ')}, until ${told.notAfter}.\n`);
    return EXIT_OK;
  } catch (error) {
    // A key without a certificate is of no use, and asking again must not find it in its way.
    if (keyOut !== undefined) await rm(keyOut, { force: true });
    throw error;
  }
}

async function issue(config: HubConfig, spki: Uint8Array, hosts: readonly string[]): Promise<IssuedCertificate> {
  const store = await openStoreOfHub(config);
  try {
    const { serving } = await openHubAuthority(config, store);
    const now = systemClock.now();
    const issued = await serving.issueServer({ spki, hosts, now });
    const { serial, issuer, der, notBeforeMs: notBefore, notAfterMs: notAfter } = issued;
    const row = { serial, issuer, der, notBefore, notAfter, kind: 'server', subject: hosts.join(', ') } as const;
    await store.credentials.recordAuthority([row], { actor: 'hub-host', now });
    return issued;
  } finally {
    await store.close();
  }
}

async function newKey(path: string): Promise<Uint8Array> {
  const keys = await generateKeyPair();
  await writePrivate(path, exportPrivateKeyPem(keys.privateKey)).catch((cause: unknown) => {
    throw new QconnError('usage', `The key file ${path} cannot be made.`, { cause });
  });
  return exportSpki(keys.publicKey);
}

async function requestedKey(path: string): Promise<Uint8Array> {
  const pem = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new QconnError('usage', `The request ${path} cannot be read.`, { cause });
  });
  return (await verifyCsr(csrFromPem(pem))).spki;
}

async function writeNew(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx', mode: 0o644 }).catch((cause: unknown) => {
    throw new QconnError('usage', `${path} cannot be written.`, { cause });
  });
}
