import { afterAll, beforeAll, expect, test } from 'vitest';
import { RunningHub } from '../hub/running-hub.ts';
import { ask } from '../metrics/hub-request.ts';

let hub: RunningHub;

beforeAll(async () => {
  hub = await RunningHub.start({ config: { timeline: { entries: 0, maxAgeMs: 60_000 } } });
});

afterAll(() => hub.close());

test('a hub that remembers no exchanges says so, instead of that there were none', async () => {
  const body = { secret: hub.bootstrapSecret, name: 'test' };
  const key = (await ask(hub, '/v1/bootstrap', { method: 'POST', body })).json['key'] as string;
  for (const path of ['/v1/exchanges', '/v1/exchanges/1'])
    expect(await ask(hub, path, { key })).toMatchObject({
      status: 409,
      json: { code: 'invalid_state', detail: expect.stringContaining('timeline.entries') },
    });
});
