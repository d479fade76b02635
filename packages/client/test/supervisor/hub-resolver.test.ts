import { describe, expect, test } from 'vitest';
import { HubResolver, type NameService, type ServiceRecord } from '../../src/supervisor/hub-resolver.ts';

const HUB = { host: 'hub.example', port: 7443 };

function resolver(names: Partial<NameService>, random: () => number = () => 0): HubResolver {
  const nothing = { addresses: () => Promise.resolve([]), ttl: () => Promise.resolve(undefined) };
  return new HubResolver({ names: { ...nothing, services: () => Promise.resolve([]), ...names }, random });
}

async function hosts(of: HubResolver, hub = HUB): Promise<string[]> {
  return (await of.resolve(hub)).places.map(({ address }) => `${address.host} ${address.port}`);
}

test('IPv6 and IPv4 take turns, and the certificate has to carry the name', async () => {
  const names = { addresses: () => Promise.resolve(['192.0.2.1', '192.0.2.2', '2001:db8::1']) };
  const { places } = await resolver(names).resolve(HUB);
  expect(places.map(({ address }) => address.host)).toEqual(['2001:db8::1', '192.0.2.1', '192.0.2.2']);
  expect(new Set(places.map(({ serverName }) => serverName))).toEqual(new Set(['hub.example']));
});

test('an address is not resolved', async () => {
  const names = { addresses: () => Promise.reject(new Error('asked')) };
  expect(await hosts(resolver(names), { host: '192.0.2.9', port: 1 })).toEqual(['192.0.2.9 1']);
});

test('the answer holds as long as the resolver says, where it says so', async () => {
  const names = { addresses: () => Promise.resolve(['192.0.2.1']), ttl: () => Promise.resolve(30) };
  expect((await resolver(names).resolve(HUB)).ttlMs).toBe(30_000);
  const silent = { ...names, ttl: () => Promise.reject(new Error('no')) };
  expect((await resolver(silent).resolve(HUB)).ttlMs).toBeUndefined();
});

describe('a resolver that is ill', () => {
  test.each([
    ['fails', () => Promise.reject(new Error('SERVFAIL')), 'does not resolve'],
    ['says nothing', () => Promise.resolve([]), 'has no address'],
    [
      'answers with garbage',
      () => Promise.resolve(['', 'not an address', '999.1.1.1', '192.0.2.1; rm -rf']),
      'has no address',
    ],
  ])('and %s is told of', async (_what, addresses, words) => {
    await expect(resolver({ addresses }).resolve(HUB)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(words),
    });
  });

  test('and answers with a thousand addresses has sixteen of them tried', async () => {
    const many = Array.from({ length: 1_000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
    expect(await hosts(resolver({ addresses: () => Promise.resolve(many) }))).toHaveLength(16);
  });
});

function record(name: string, priority: number, weight: number): ServiceRecord {
  return { name, priority, weight, port: 7_000 + weight };
}

describe('a service record', () => {
  const SERVICE = { host: '_qconn._udp.example', port: 0 };
  const addresses = (host: string): Promise<readonly string[]> => Promise.resolve([host.replace('h', '192.0.2.')]);

  test('names hosts and ports, by priority and then by weight', async () => {
    const records = [record('h1', 20, 1), record('h2', 10, 10), record('h3', 10, 90)];
    const services = (): Promise<ServiceRecord[]> => Promise.resolve(records);
    expect(
      await hosts(
        resolver({ services, addresses }, () => 0),
        SERVICE,
      ),
    ).toEqual(['192.0.2.2 7010', '192.0.2.3 7090', '192.0.2.1 7001']);
    expect(
      (
        await hosts(
          resolver({ services, addresses }, () => 0.5),
          SERVICE,
        )
      )[0],
    ).toBe('192.0.2.3 7090');
  });

  test('whose host is gone does not hide the others; none at all is told of', async () => {
    const records = [record('gone', 1, 0), record('h2', 2, 0)];
    const services = (): Promise<ServiceRecord[]> => Promise.resolve(records);
    const some = (host: string): Promise<readonly string[]> =>
      host === 'gone' ? Promise.reject(new Error('NXDOMAIN')) : addresses(host);
    expect(await hosts(resolver({ services, addresses: some }), SERVICE)).toEqual(['192.0.2.2 7000']);
    await expect(resolver({}).resolve(SERVICE)).rejects.toMatchObject({ code: 'unreachable' });
    const failing = { services: () => Promise.reject(new Error('NXDOMAIN')) };
    await expect(resolver(failing).resolve(SERVICE)).rejects.toMatchObject({
      message: 'There is no service record for _qconn._udp.example.',
    });
  });
});
