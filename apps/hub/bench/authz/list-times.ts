import { once } from 'node:events';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { ServedHub } from '../identity/served-hub.ts';

/** Pages of each list: the first, one further on, and each filter. */
const LISTS: readonly string[] = [
  '/v1/machines',
  '/v1/machines?status=pending',
  '/v1/machines?status=authorized',
  '/v1/machines?role=role-7',
  '/v1/machines?label=site%3Dsite-7',
  '/v1/roles?limit=10',
  '/v1/tokens',
  '/v1/keys',
  '/v1/sessions',
  '/v1/audit',
  '/v1/audit?subject=qc1777',
];

const ROUNDS = 100;

/** Milliseconds that each list took over HTTPS, one request after another: the first page, then the one after it. */
export async function listTimes({ https, rootPem, key }: ServedHub): Promise<ReadonlyMap<string, readonly number[]>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: rootPem });
  const get = async (path: string): Promise<{ ms: number; next?: string }> => {
    const begun = performance.now();
    const sent = request(`${https}${path}`, { agent, headers: { authorization: `Bearer ${key}` } });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const { next } = JSON.parse(await text(answer)) as { next?: string };
    if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}`);
    return { ms: performance.now() - begun, ...(next !== undefined && { next }) };
  };
  const times = new Map<string, number[]>();
  for (const list of LISTS) {
    const taken: number[] = [];
    await get(list);
    for (let round = 0; round < ROUNDS; round++) {
      const { ms, next } = await get(list);
      taken.push(ms);
      if (next !== undefined)
        taken.push((await get(`${list}${list.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(next)}`)).ms);
    }
    times.set(list, taken);
  }
  agent.destroy();
  return times;
}
