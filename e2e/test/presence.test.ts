import type { Client, PresenceEvent } from '@qconn/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from '../src/site.ts';

let site: Site;
let lims: Client;
let printer: Client;

beforeAll(async () => {
  site = await Site.open();
  lims = await site.member('lims', [{ effect: 'allow', verb: 'query', serviceTypes: ['print'] }]);
  printer = await site.member('printer', [{ effect: 'allow', verb: 'provide', serviceTypes: ['print'] }]);
});

afterAll(() => site.close());

test('a watcher sees devices come and go with their reasons, its own rights change, and a hub restart', async () => {
  const seen: string[] = [];
  const watch = lims.watch({ serviceType: 'print' });
  const read = async (): Promise<string> => {
    seen.push(inWords(((await watch.next()) as { value: PresenceEvent }).value));
    return seen.at(-1) as string;
  };
  const until = async (...wanted: string[]): Promise<void> => {
    while (!wanted.includes(await read()));
  };
  await until('begun: ');
  const withdraw = await printer.provide({ device: 'zebra-1', serviceTypes: ['print'] }, () => undefined);
  await until('zebra-1 came');
  await withdraw();
  await until('zebra-1 withdrawn');
  await printer.provide({ device: 'zebra-2', serviceTypes: ['print'] }, () => undefined);
  await until('zebra-2 came');
  await site.api.call('PUT', '/v1/machines/lims/rights', { roles: [] }, { 'if-match': '*' });
  await until('zebra-2 forbidden');
  await site.api.call('PUT', '/v1/machines/lims/rights', { roles: ['lims-role'] }, { 'if-match': '*' });
  await until('zebra-2 came');
  expect(seen).toEqual([
    'begun: ',
    'zebra-1 came',
    'zebra-1 withdrawn',
    'zebra-2 came',
    'zebra-2 forbidden',
    'zebra-2 came',
  ]);

  await site.stop();
  await site.restart();
  // Whichever of the two is back first.
  await until('reconnected: zebra-2', 'zebra-2 came');
  expect(seen.some((each) => each.startsWith('reconnected'))).toBe(true);
  await printer.close();
  await until('zebra-2 closed');
});

function inWords(event: PresenceEvent): string {
  if (event.kind === 'snapshot') return `${event.cause}: ${event.providers.map(({ device }) => device).join(' ')}`;
  return event.kind === 'online' ? `${event.provider.device} came` : `${event.provider.device} ${event.reason}`;
}
