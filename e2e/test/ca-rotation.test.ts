import { createHash, X509Certificate } from 'node:crypto';
import { enroll, fetchPinnedTrust, HubHttps, parseSecret, type Client } from '@qconn/client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Site } from '../src/site.ts';

let site: Site;
let printer: Client;
let lims: Client;

interface Status {
  readonly pin: string;
  readonly trust: { readonly pins: readonly string[] };
  readonly rotation: {
    readonly phase: string;
    readonly oldTokens: number;
    readonly lagging: { readonly live: number; readonly machines: readonly { hostname: string; hasTrust: boolean }[] };
  } | null;
}

beforeAll(async () => {
  site = await Site.open();
  printer = await site.member('printer-pc', [{ effect: 'allow', verb: 'provide', serviceTypes: ['print'] }]);
  lims = await site.member('lims', [{ effect: 'allow', verb: 'submit', serviceTypes: ['print'] }]);
  await printer.provide({ device: 'zebra', serviceTypes: ['print'] }, ({ body }) => body);
});

afterAll(() => site.close());

const status = async (api = site.api): Promise<Status> => (await api.call('GET', '/v1/ca')) as Status;
const step = async (name: string, body = {}, api = site.api): Promise<Status> =>
  (await api.call('POST', `/v1/ca/${name}`, body)) as Status;

/** Sends one message after another until told to stop. */
function traffic(): { stop(): Promise<{ sent: number; lost: unknown[] }> } {
  let stopped = false;
  let sent = 0;
  const lost: unknown[] = [];
  const running = (async () => {
    while (!stopped) {
      const text = `label ${sent++}`;
      await lims
        .request('print@printer-pc/zebra', text)
        .then((reply) => expect(Buffer.from(reply.body).toString()).toBe(text))
        .catch((error: unknown) => lost.push(error));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await running;
      return { sent, lost };
    },
  };
}

test('the root is replaced under connected machines, and no message is lost', async () => {
  const before = await status();
  expect(before).toMatchObject({ rotation: null, trust: { pins: [before.pin] } });
  const oldToken = await site.token();
  const messages = traffic();

  const prepared = await step('prepare');
  expect(prepared.rotation?.phase).toBe('prepared');
  expect(prepared.pin).toBe(before.pin);
  expect(prepared.trust.pins).toHaveLength(2);
  await expect(step('prepare')).rejects.toMatchObject({ code: 'invalid_state' });
  await expect(step('prune')).rejects.toMatchObject({ code: 'invalid_state' });
  // The machines have both roots on disk, and say so over the connection that they have.
  await vi.waitFor(async () => {
    const { rotation } = await status();
    expect(rotation?.lagging.machines.map(({ hostname, hasTrust }) => [hostname, hasTrust])).toEqual(
      expect.arrayContaining([
        ['lims', true],
        ['printer-pc', true],
      ]),
    );
  }, 60_000);
  expect((await site.credentials('lims').load()).trustBundlePem).toHaveLength(2);

  const activated = await step('activate', { spreadSeconds: 1 });
  expect(activated.pin).not.toBe(before.pin);
  expect(activated.rotation?.oldTokens).toBe(1);
  // A token from before works, and one with the pin of the new root as well, while the hub presents the old one.
  await enrolWith(oldToken, 'from-before');
  const newToken = await site.token();
  expect(Buffer.from(parseSecret(newToken).pin ?? []).toString('hex')).toBe(activated.pin);
  await enrolWith(newToken, 'from-after');
  await vi.waitFor(async () => expect((await status()).rotation?.lagging.live).toBe(0), 60_000);

  const bundle = await trustOf(newToken);
  const pruned = await step('prune');
  expect(pruned).toMatchObject({ rotation: null, pin: activated.pin, trust: { pins: [activated.pin] } });
  const { sent, lost } = await messages.stop();
  expect(lost).toEqual([]);
  expect(sent).toBeGreaterThan(10);

  // Who knew the old root alone knows the hub no more; who took both during the rotation goes on.
  const stranger = new HubHttps({ url: site.hubUrl, trustPem: [oldRootOf(bundle, activated.pin)] });
  await vi.waitFor(
    () => expect(stranger.call('GET', '/v1/hub')).rejects.toMatchObject({ code: 'hub_untrusted' }),
    60_000,
  );
  stranger.close();
  const friend = new HubHttps({ url: site.hubUrl, trustPem: bundle });
  expect(await friend.call('GET', '/v1/hub')).toMatchObject({ trust: { roots: [{ pin: activated.pin }] } });
  friend.close();

  // Machines come back with the new root alone, from the disk and after a restart of the hub.
  await vi.waitFor(async () => expect((await site.credentials('lims').load()).trustBundlePem).toHaveLength(1), 60_000);
  await lims.close();
  await site.stop();
  await site.restart();
  lims = await site.connect('lims');
  const after = await lims.request('print@printer-pc/zebra', 'after', { waitForTarget: true, resolutionMs: 60_000 });
  expect(after.body).toEqual(new TextEncoder().encode('after'));
  const issuing = new X509Certificate((await site.credentials('lims').load()).chainPem[1] ?? '');
  const [root = ''] = (await site.credentials('lims').load()).trustBundlePem;
  expect(issuing.checkIssued(new X509Certificate(root))).toBe(true);
});

async function enrolWith(token: string, name: string): Promise<void> {
  await enroll({ hub: site.hubUrl, token, store: site.credentials(name), hostname: name, agent: 'e2e/1' });
  await (await site.connect(name)).close();
}

/** Whom a client trusts that knows nothing but the token. */
async function trustOf(token: string): Promise<readonly string[]> {
  const { pem } = await fetchPinnedTrust(new URL(site.hubUrl), parseSecret(token).pin ?? new Uint8Array());
  return pem;
}

function oldRootOf(bundle: readonly string[], newPin: string): string {
  expect(bundle).toHaveLength(2);
  const pinOf = (pem: string): string => {
    const spki = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
    return createHash('sha256').update(spki).digest('hex');
  };
  return bundle.find((pem) => pinOf(pem) !== newPin) ?? '';
}
