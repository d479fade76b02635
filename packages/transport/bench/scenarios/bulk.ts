import type { Identities } from '../links/link.ts';
import type { BodyCost } from '../processes/task.ts';
import { Child } from './children.ts';

/** What came of one body. */
export interface BulkResult {
  readonly mbPerSecond: number;
  /** Most memory that the sending and the receiving process held. */
  readonly sourceRssMb: number;
  readonly sinkRssMb: number;
  /** Processor time of both for each byte, in nanoseconds: what they had of the machine does not change it. */
  readonly cpuNsPerByte: number;
  /** How much of one processor each had meanwhile, 0 … 1: less than most of one, and somebody else had it. */
  readonly sourceCpu: number;
  readonly sinkCpu: number;
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
  const [atSink, atSource] = await Promise.all([sink.next<BodyCost>(), source.next<BodyCost>()]);
  const elapsedMs = performance.now() - start;
  for (const child of [source, sink]) child.kill();
  return {
    mbPerSecond: Math.round(bytes / 1_000 / elapsedMs),
    sourceRssMb: atSource.maxRssMb,
    sinkRssMb: atSink.maxRssMb,
    cpuNsPerByte: Number((((atSource.cpuUs + atSink.cpuUs) * 1_000) / bytes).toFixed(2)),
    sourceCpu: Number((atSource.cpuUs / 1_000 / elapsedMs).toFixed(2)),
    sinkCpu: Number((atSink.cpuUs / 1_000 / elapsedMs).toFixed(2)),
  };
}
