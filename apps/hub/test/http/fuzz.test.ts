import { once } from 'node:events';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { ERROR_TABLE } from '@qconn/protocol';
import { seededRandom } from '@qconn/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadHubConfig } from '../../src/index.ts';
import { RunningHub } from '../hub/running-hub.ts';
import { ask } from '../metrics/hub-request.ts';
import { Fuzzer, type FuzzedRequest } from './fuzzed-request.ts';
import { operationsOf, type OpenApi } from './idle-app.ts';

/** Requests in all; a long run: QCONN_FUZZ_REQUESTS=100000 QCONN_TEST_SEED=$RANDOM npx -y pnpm@12 exec vitest run apps/hub/test/http/fuzz.test.ts */
const REQUESTS = Number(process.env['QCONN_FUZZ_REQUESTS'] ?? 600);
const SEED = Number(process.env['QCONN_TEST_SEED'] ?? 1);
const AT_ONCE = 8;
const ANSWER_DEADLINE_MS = 60_000;

let hub: RunningHub;
let key: string;
let agent: Agent;

beforeAll(async () => {
  const limits = { ...loadHubConfig({}).limits, requestsPerSecond: 1_000_000, enrolmentsPerSecond: 1_000_000 };
  hub = await RunningHub.start({ config: { limits } });
  key = await hub.key(['admin']);
  agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE, ca: hub.authority.rootPem });
});

afterAll(async () => {
  agent?.destroy();
  await hub?.close();
});

test(
  `whatever is asked, the API answers, and never with a fault of its own (seed ${SEED})`,
  async () => {
    const document = (await ask(hub, '/openapi.json')).json as unknown as OpenApi;
    // A rotation that is carried through ends the root that this test trusts.
    const operations = operationsOf(document).filter(([, path]) => path !== '/v1/ca/prune');
    const fuzzer = new Fuzzer(seededRandom(SEED));
    const statuses = new Map<number, number>();
    let left = REQUESTS;
    const work = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const [method, path, operation] = operations[left % operations.length]!;
        const fuzzed = fuzzer.request(method, path, operation);
        const { status, wrong } = await judge(fuzzed);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        expect(
          wrong,
          `${fuzzed.method} ${fuzzed.url} ${JSON.stringify(fuzzed.headers)} ${String(fuzzed.body)}`,
        ).toEqual([]);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    // Some of it was let through to the handlers, or nothing was tested.
    expect(statuses.get(200) ?? 0).toBeGreaterThan(REQUESTS / 20);
    expect((await ask(hub, '/v1/whoami', { key })).status).toBe(200);
  },
  Math.max(240_000, REQUESTS * 20),
);

async function judge(fuzzed: FuzzedRequest): Promise<{ status: number; wrong: string[] }> {
  const { method, url, headers, body } = fuzzed;
  const sent = request(`${hub.httpsUrl}${url}`, {
    agent,
    method,
    headers: { ...headers, authorization: `Bearer ${key}`, 'content-length': String(body?.length ?? 0) },
    signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
  });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const content = await text(answer);
  const status = answer.statusCode ?? 0;
  const type = answer.headers['content-type'] ?? '';
  const code = type.includes('json') && status >= 400 ? String((JSON.parse(content) as { code?: string }).code) : '';
  const wrong = [
    ...(status >= 500 ? [`it answers ${status}: ${content}`] : []),
    ...(/\n\s+at |node_modules|\.ts:\d/.test(content) ? [`it shows a stack: ${content}`] : []),
    ...(status >= 400 && !(type.startsWith('application/problem+json') && Object.hasOwn(ERROR_TABLE, code))
      ? [`${status} is no problem of ours: ${type} ${content}`]
      : []),
    ...(answer.headers['x-request-id'] === undefined ? [`${status} names no request: ${content}`] : []),
  ];
  return { status, wrong };
}
