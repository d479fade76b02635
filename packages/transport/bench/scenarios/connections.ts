import { WHOLE_NURSERY } from '../../../../tooling/measure/nursery.ts';
import type { Identities } from '../links/link.ts';
import { Child } from './children.ts';

interface Counts {
  readonly accepted: number;
  readonly open: number;
  readonly rssBytes: number;
  readonly cpuMs: number;
}

/** Full mutual-TLS handshakes a second that one endpoint accepts while others connect and close as fast as they can. */
export async function handshakes(
  identities: Identities,
  forMs: number,
): Promise<{ perSecond: number; perCpuSecond: number }> {
  const { server, port, ask } = await acceptor(identities);
  const dialers = [0, 1].map(() => new Child('dialer.ts', { carrier: 'quic', identities, port, keep: 0, forMs }));
  await Promise.all(dialers.map((dialer) => dialer.next()));
  const before = await ask();
  const start = performance.now();
  for (const dialer of dialers) dialer.tell('go');
  await Promise.all(dialers.map((dialer) => dialer.next()));
  const seconds = (performance.now() - start) / 1_000;
  const after = await ask();
  for (const child of [...dialers, server]) child.kill();
  const accepted = after.accepted - before.accepted;
  return {
    perSecond: Math.round(accepted / seconds),
    perCpuSecond: Math.round((accepted / (after.cpuMs - before.cpuMs)) * 1_000),
  };
}

/** What idle connections cost the side that accepted them: memory, and processor time for keepalives. */
export async function idle(
  identities: Identities,
  count: number,
  forMs: number,
): Promise<{ bytesEach: number; cpuFraction: number }> {
  const { server, port, ask } = await acceptor(identities);
  const before = await ask();
  const dialer = new Child('dialer.ts', { carrier: 'quic', identities, port, keep: count, forMs: 0 });
  await dialer.next();
  dialer.tell('go');
  await dialer.next();
  // Handshakes that have just finished leave garbage and timers behind.
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  const held = await ask();
  if (held.open !== count) throw new Error(`${held.open} of ${count} connections are open`);
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, forMs));
  const after = await ask();
  const cpuFraction = (after.cpuMs - held.cpuMs) / (performance.now() - start);
  for (const child of [dialer, server]) child.kill();
  return {
    bytesEach: Math.round((held.rssBytes - before.rssBytes) / count),
    cpuFraction: Number(cpuFraction.toFixed(3)),
  };
}

async function acceptor(identities: Identities): Promise<{ server: Child; port: number; ask: () => Promise<Counts> }> {
  const server = new Child('acceptor.ts', { carrier: 'quic', identities }, WHOLE_NURSERY);
  const { port } = await server.next<{ port: number }>();
  const ask = (): Promise<Counts> => {
    const answer = server.next<Counts>();
    server.tell('counts');
    return answer;
  };
  return { server, port, ask };
}
