import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTestPki, type TestIdentity } from '../../packages/testkit/src/index.ts';
import type { Case } from './cases.ts';

/** Identities of both sides, and a folder with what the client reads and writes. */
export interface Bench {
  readonly machine: TestIdentity;
  readonly server: TestIdentity;
  readonly rootPem: string;
  /** Options of the program that present the machine's certificate. */
  readonly credentials: readonly string[];
  /** The option that has the client send a body, where the case wants one. */
  body(wanted: Case): readonly string[];
  file(name: string): string;
  remove(): void;
}

export async function createBench(): Promise<Bench> {
  const pki = await createTestPki();
  const [machine, server] = await Promise.all([pki.machine(), pki.server()]);
  const folder = mkdtempSync(path.join(tmpdir(), 'qconn-interop-'));
  const file = (name: string): string => path.join(folder, name);
  writeFileSync(file('key.pem'), machine.keyPem, { mode: 0o600 });
  writeFileSync(file('chain.pem'), machine.chain);
  return {
    machine,
    server,
    rootPem: pki.rootPem,
    credentials: [`--key=${file('key.pem')}`, `--cert=${file('chain.pem')}`],
    body: ({ bodyBytes }) => {
      if (bodyBytes === undefined) return [];
      writeFileSync(file('body'), Buffer.alloc(bodyBytes, 'qconn'));
      return [`--data=${file('body')}`];
    },
    file,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
