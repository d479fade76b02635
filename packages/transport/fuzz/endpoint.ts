import { systemClock } from '@qconn/clock';
import { createQuicEndpoint } from '@qconn/transport';
import type { TlsIdentity } from '@qconn/transport';
import { echo } from '../test/waiting.ts';

/** The endpoint that is fuzzed, in a process of its own: it echoes, and says on request how much memory it has. */
process.once('message', (tls: TlsIdentity) => void serve(tls));

async function serve(tls: TlsIdentity): Promise<void> {
  let refused = 0;
  const endpoint = await createQuicEndpoint(
    { clock: systemClock, onRefused: () => (refused += 1) },
    { host: '127.0.0.1', tls, handlers: { 'qconn/1': echo }, handshakeDeadlineMs: 1_000 },
  );
  process.on('message', () => {
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    process.send?.({ rss, heapUsed, refused, connections: endpoint.connections });
  });
  process.once('disconnect', () => void endpoint.close());
  process.send?.(endpoint.address);
}
