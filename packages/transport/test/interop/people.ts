import { randomBytes } from 'node:crypto';
import { ERROR_TABLE } from '@qconn/protocol';
import { createTestPki, type TestIdentity } from '@qconn/testkit';
import type { TlsIdentity } from '@qconn/transport';

const NODE_MAJOR = Number.parseInt(process.versions.node, 10);
const BINARIES = ['linux-x64', 'linux-arm64', 'darwin-arm64'];

/**
 * Whether `@currentspace/http3` runs here: it wants Node 24 and has binaries for three systems. The
 * repository's own Node on Linux is one of them, so CI never skips.
 */
export const served: boolean = NODE_MAJOR >= 24 && BINARIES.includes(`${process.platform}-${process.arch}`);

/**
 * For what `@currentspace/http3` sends: less than a stream's first window here (256 KiB). Version 0.9.0 at times
 * forgets a writer that a window has stopped, also when it talks to itself (docs/interoperability.md).
 */
export const WITHIN_WINDOW: Buffer = randomBytes(192 * 1024);

/** For what we send: several times the first window there. */
export const OVER_WINDOW: Buffer = randomBytes(1024 * 1024);
export const THEIR_WINDOW_BYTES: number = 128 * 1024;

/** A close code that the error table knows. */
export const GOING_AWAY: number = ERROR_TABLE.going_away.wire;

/** One side's certificate, in the form of either stack. */
export interface Person extends TestIdentity {
  readonly tls: TlsIdentity;
}

/** A hub and a machine of one CA. */
export async function createPeople(): Promise<{ hub: Person; machine: Person; rootPem: string }> {
  const pki = await createTestPki();
  const person = (identity: TestIdentity): Person => {
    const { keyPem, chainPem } = identity;
    return { ...identity, tls: { keyPem, chainPem, trustPem: [pki.rootPem] } };
  };
  return { hub: person(await pki.server()), machine: person(await pki.machine()), rootPem: pki.rootPem };
}
