import type { Identities } from '../links/link.ts';
import type { CarrierName } from '../processes/task.ts';
import type { LoadResult } from '../../../../tooling/measure/load.ts';
import { Child } from './children.ts';

/** A load, and what a message of it cost the hub in processor time, which other programs on the machine hardly touch. */
export interface RelayResult extends LoadResult {
  readonly hubUs: number;
}

/** Requester → hub → provider and back, 256-byte messages, each part a process of its own. */
export async function relay(carrier: CarrierName, identities: Identities): Promise<RelayResult[]> {
  const hub = new Child('relay.ts', { carrier, identities });
  const { port } = await hub.next<{ port: number }>();
  const provider = new Child('provider.ts', { carrier, identities, port });
  await provider.next();
  await hub.next();
  const requester = new Child('requester.ts', { carrier, identities, port });
  const results: RelayResult[] = [];
  const hubUs = async (): Promise<number> => {
    const answer = hub.next<{ hubUs: number }>();
    hub.tell('usage');
    return (await answer).hubUs;
  };
  await requester.next();
  await hubUs();
  for (let load = 0; load < 3; load += 1) {
    const result = await requester.next<LoadResult>();
    results.push({ ...result, hubUs: await hubUs() });
  }
  for (const child of [requester, provider, hub]) child.kill();
  return results;
}
