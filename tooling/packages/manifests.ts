import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { readFile } from 'node:fs/promises';
import type { Tarball } from './tarball.ts';

/** Traces of the workspace that no published manifest may hold. */
const LEFTOVERS = ['@qconn/source', 'workspace:', './src/'];

/** publint over each tarball, and no trace of the workspace left in its manifest. */
export async function manifests(tarballs: readonly Tarball[]): Promise<string[]> {
  const complaints = await Promise.all(tarballs.map((tarball) => manifestComplaints(tarball)));
  return complaints.flat();
}

async function manifestComplaints({ name, file, manifest }: Tarball): Promise<string[]> {
  const text = JSON.stringify(manifest);
  const leftovers = LEFTOVERS.filter((word) => text.includes(word)).map((word) => `${name}: the manifest says ${word}`);
  const tarball = await readFile(file);
  const { messages, pkg } = await publint({
    strict: true,
    pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength) },
  });
  return [...leftovers, ...messages.map((message) => `${name}: ${formatMessage(message, pkg) ?? message.code}`)];
}
