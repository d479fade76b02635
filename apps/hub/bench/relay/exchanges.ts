import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Child } from '../../../../tooling/measure/child.ts';
import { makeMachine } from './machines.ts';
import type { PreparedHub } from './prepared-hub.ts';
import type { ProviderUsage } from './processes/provider.ts';
import type { LoadAnswer, LoadOrder } from './processes/requester.ts';

/** A load, and what each exchange of it cost the hub and the two clients. */
export interface ExchangeResult extends LoadAnswer {
  readonly bodyBytes: number;
  readonly cpuUsPerExchange: number;
  readonly requesterCpuUsPerExchange: number;
  readonly providerCpuUsPerExchange: number;
  readonly allocatedBytesPerExchange: number;
  /** QUIC packets that the hub has sent and received. */
  readonly packetsPerExchange: number;
}

/** Requester → hub → provider and back, each a process of its own, with everything that an exchange has. */
export async function exchanges(prepared: PreparedHub, orders: readonly LoadOrder[]): Promise<ExchangeResult[]> {
  const run = randomUUID().slice(0, 8);
  const machines = [
    await makeMachine(prepared.authority, `requester-${run}`),
    await makeMachine(prepared.authority, `provider-${run}`),
  ] as const;
  await prepared.addMachines(machines);
  const hub = await prepared.start();
  const [requesterMachine, providerMachine] = machines;
  const provider = new Child(process('provider'), { machine: providerMachine, port: hub.port });
  await provider.next();
  const task = { machine: requesterMachine, port: hub.port, provider: providerMachine.hostname };
  const requester = new Child(process('requester'), task);
  await requester.next();
  const usageOfProvider = (): Promise<ProviderUsage> => {
    const answer = provider.next<ProviderUsage>();
    provider.tell('usage');
    return answer;
  };
  try {
    const results: ExchangeResult[] = [];
    for (const order of orders) {
      const before = await usageOfProvider();
      await hub.usage();
      const answered = requester.next<LoadAnswer>();
      requester.tell(order);
      const answer = await answered;
      const { cpuUs, allocatedBytes } = await hub.usage();
      const after = await usageOfProvider();
      const packets = answer.packets + after.packets - before.packets;
      const each = (us: number): number => Number((us / answer.exchanges).toFixed(1));
      results.push({
        ...answer,
        bodyBytes: order.bodyBytes,
        cpuUsPerExchange: each(cpuUs),
        requesterCpuUsPerExchange: each(answer.cpuUs),
        providerCpuUsPerExchange: each(after.cpuUs - before.cpuUs),
        allocatedBytesPerExchange: Math.round(allocatedBytes / answer.exchanges),
        packetsPerExchange: Number((packets / answer.exchanges).toFixed(2)),
      });
    }
    return results;
  } finally {
    requester.kill();
    provider.kill();
    hub.kill();
  }
}

function process(name: string): string {
  return path.resolve(import.meta.dirname, `processes/${name}.ts`);
}
