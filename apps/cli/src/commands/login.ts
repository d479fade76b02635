import { hostname, userInfo } from 'node:os';
import { fetchPinnedTrust, parseSecret } from '@qconn/client';
import { QconnError } from '@qconn/protocol';
import type { Command } from 'commander';
import { HubApi } from '../api/hub-api.ts';
import { withExamples } from '../help.ts';
import { secretInput } from '../input/secret-input.ts';
import type { Invocation } from '../invocation.ts';
import { configFolder } from '../profile/config-folder.ts';
import { hubAddress } from '../profile/hub-address.ts';
import { ProfileFile } from '../profile/profile-file.ts';
import { DEFAULT_PROFILE, keyIdOf, type Profile } from '../profile/profile.ts';
import { trustFrom } from '../profile/trust.ts';

interface Options {
  readonly name?: string;
  readonly pin?: string;
  readonly trust?: string;
}

export function addLogin(parent: Command, invocation: Invocation): void {
  const command = parent
    .command('login')
    .argument('<url>', 'the hub’s HTTPS address')
    .argument(
      '[secret]',
      'bootstrap secret (qb1…) or API key (qk_…); - reads it from standard input (or QCONN_SECRET holds it)',
    )
    .description('keep the way to a hub, and the key for it, in a profile')
    .option('--name <who>', 'name of the API key that a bootstrap secret is exchanged for (default: user@host)')
    .option(
      '--pin <hex>',
      'with an API key: pin of the hub’s root CA, as `qconn-hub init` and `qconn profiles` show it',
    )
    .option('--trust <file>', 'with an API key: the hub’s root certificate, PEM, instead of a pin')
    .addHelpText(
      'after',
      '\nNothing is sent before the hub has proven to be the right one. A secret on the command line stays in the\nshell’s history: leave it out to be asked for it.',
    )
    .action((url: string, secret: string | undefined, options: Options) => login(url, secret, options, invocation));
  withExamples(command, [
    ['qconn login https://hub.example:7443', 'the first administrator; asks for the bootstrap secret'],
    ['qconn login hub.example:7443 - --pin 89d3… <key.txt', 'with an API key from a file'],
    ['qconn login https://hub.test:7443 --profile test', 'a second hub'],
  ]);
}

async function login(
  address: string,
  given: string | undefined,
  options: Options,
  invocation: Invocation,
): Promise<void> {
  const { env, surroundings } = invocation;
  const url = hubAddress(address);
  const secret = await secretInput(
    { given, variable: 'QCONN_SECRET', what: 'bootstrap secret or API key' },
    surroundings,
  );
  const { kind, pin } = parseSecret(secret, 'qb', 'qk');
  const name = invocation.options.profile ?? (env['QCONN_PROFILE'] || DEFAULT_PROFILE);
  const file = new ProfileFile(configFolder(env));
  const profiles = await file.load();
  const before = profiles.get(name);
  refuseOtherHub(name, before, url);
  // A bootstrap secret works once: that the key can be kept is made sure of before it is spent.
  await file.save(profiles);
  const profile =
    kind === 'qb'
      ? await bootstrap(url, secret, pin as Uint8Array, options)
      : await withKey(url, secret, before, options);
  await file.save(profiles.set(name, profile));
  const result = { profile: name, hub: profile.hub, keyId: keyIdOf(profile), file: file.path };
  invocation.show(result, () => `Logged in to ${profile.hub} as profile ${name}, with the key ${result.keyId}.\n`);
}

function refuseOtherHub(name: string, before: Profile | undefined, url: URL): void {
  if (before === undefined || before.hub === url.origin) return;
  throw new QconnError(
    'usage',
    `The profile ${name} is for ${before.hub}. Choose another name with --profile, or log out of that one first.`,
  );
}

/** Exchanges the bootstrap secret for the first administrator's key. */
async function bootstrap(
  url: URL,
  secret: string,
  pin: Uint8Array,
  { name, pin: givenPin, trust }: Options,
): Promise<Profile> {
  if (givenPin !== undefined || trust !== undefined)
    throw new QconnError('usage', 'A bootstrap secret holds the pin itself: leave --pin and --trust out.');
  const trustPem = (await fetchPinnedTrust(url, pin)).pem;
  const hub = new HubApi({ url, trustPem });
  try {
    const { key } = await hub.bootstrap({ secret, name: name ?? `${userInfo().username}@${hostname()}`.slice(0, 80) });
    return { hub: url.origin, trustPem, key };
  } finally {
    hub.close();
  }
}

/** Keeps a key once the hub has accepted it. */
async function withKey(url: URL, key: string, before: Profile | undefined, { pin, trust }: Options): Promise<Profile> {
  const trustPem = (await trustFrom({ pin, file: trust }, url)) ?? before?.trustPem;
  if (trustPem === undefined)
    throw new QconnError(
      'usage',
      'An API key does not say which hub is the right one: add --pin or --trust. `qconn profiles` shows the pin where somebody is logged in.',
    );
  const hub = new HubApi({ url, trustPem, key });
  try {
    await hub.whoami();
    return { hub: url.origin, trustPem, key };
  } finally {
    hub.close();
  }
}
