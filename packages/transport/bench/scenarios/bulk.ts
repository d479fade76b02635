import type { Identities } from '../links/link.ts';
import { Child } from './children.ts';

/** What came of one body. */
export interface BulkResult {
  readonly mbPerSecond: number;
  /** Most memory that the sending and the receiving process held. */
  readonly sourceRssMb: number;
  readonly sinkRssMb: number;
}

/** A body through one stream, from process to process. */
export async function bulk(
  carrier: 'quic' | 'quic-1350' | 'tls',
  identities: Identities,
  bytes: number,
): Promise<BulkResult> {
  const sink = new Child('sink.ts', { carrier, identities, bytes });
  const { port } = await sink.next<{ port: number }>();
  const source = new Child('source.ts', { carrier, identities, port, bytes });
  await source.next();
  const start = performance.now();
  const [{ maxRssMb: sinkRssMb }, { maxRssMb: sourceRssMb }] = await Promise.all([
    sink.next<{ maxRssMb: number }>(),
    source.next<{ maxRssMb: number }>(),
  ]);
  const mbPerSecond = Math.round(bytes / 1_000 / (performance.now() - start));
  for (const child of [source, sink]) child.kill();
  return { mbPerSecond, sourceRssMb, sinkRssMb };
}
