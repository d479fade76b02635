import { systemClock, type Clock } from '@qconn/clock';
import { TrustBundle, type CredentialStore } from '@qconn/identity';
import { QconnError, type Trust } from '@qconn/protocol';
import { createQuicEndpoint } from '@qconn/transport';
import { CLIENT_WINDOWS } from './client-windows.ts';
import { Client } from './client.ts';
import { RenewalKeeper } from './credential/renewal-keeper.ts';
import { JobJournal } from './journal/job-journal.ts';
import { checkAgent, storeOf } from './credential/own-credential.ts';
import { SessionTickets } from './credential/session-tickets.ts';
import { ownAddresses } from './supervisor/path-look.ts';
import { HubDialer } from './supervisor/hub-dialer.ts';
import { HubResolver, type NameService } from './supervisor/hub-resolver.ts';
import type { UplinkDependencies } from './supervisor/uplink.ts';

/** How to connect. */
export interface ConnectOptions {
  /** The machine's credential store, or its folder. */
  readonly credentials: CredentialStore | string;
  /** Program and version for the hub's log, such as `my-lims/2.3`. */
  readonly agent: string;
  /**
   * File in which jobs under an idempotency key are remembered over restarts of the program; one program at a time may
   * use it. Without it they are remembered in memory alone.
   */
  readonly journal?: string;
  readonly clock?: Clock;
  /**
   * Folder to which the secrets and a trace of every connection are written: whoever reads it reads all traffic. For
   * debugging only; the process warns of it.
   */
  readonly insecureDebugFolder?: string;
  /** Resolves the hub's name. This system's resolver when left out. */
  readonly names?: NameService;
}

/**
 * Makes a client from an enrolled machine's credential and begins to connect. Resolves before the connection stands:
 * `await client.connected()` waits for it, and requests wait by themselves. The client renews the credential while it
 * lives.
 * @throws QconnError `credential_missing`, `credential_damaged`, `credential_exposed`, `journal_unusable`
 */
export async function connect(options: ConnectOptions): Promise<Client> {
  checkAgent(options);
  const clock = options.clock ?? systemClock;
  const store = storeOf('credentials', options.credentials);
  const credential = await store.load();
  const tickets = await SessionTickets.load(store);
  const folder = options.insecureDebugFolder;
  const endpoint = await createQuicEndpoint(
    { clock },
    { ...CLIENT_WINDOWS, ...(folder !== undefined && { insecureDebugFolder: folder }) },
  );
  // Last of what can fail: from here on the client owns both.
  const history =
    options.journal === undefined
      ? undefined
      : await JobJournal.open(options.journal, clock).catch(async (error: unknown) => {
          await endpoint.close();
          throw error;
        });
  // The keeper needs the client, the client the dialer, and the dialer the keeper's credential.
  let keeper: RenewalKeeper | undefined;
  const resolver = new HubResolver({ random: Math.random, names: options.names });
  const dialer = new HubDialer({
    clock,
    endpoint,
    resolver,
    credential: () => keeper?.takeCredential() ?? credential,
    tickets,
  });
  const release = async (): Promise<void> => {
    await keeper?.close();
    await endpoint.close();
    await tickets.written;
    await history?.journal.close();
  };
  const renewNow = (): Promise<number> => keeper?.renewNow() ?? Promise.reject(new QconnError('closed'));
  const keeping = {
    trustId: () => keeper?.trustId ?? TrustBundle.parse(credential.trustBundlePem).id,
    takeTrust: (trust: Trust) => keeper?.takeTrust(trust),
    isNewer: () => keeper?.isNewer === true,
  };
  const dial: UplinkDependencies['dial'] = async (signal, early) => {
    await keeper?.beforeDial();
    return dialer.dial(signal, early);
  };
  const client = new Client(
    {
      clock,
      random: Math.random,
      dial,
      renewNow,
      release,
      addresses: ownAddresses,
      history,
      resolveAgain: () => dialer.resolveAgain(),
      keeping,
    },
    options.agent,
  );
  keeper = new RenewalKeeper({ clock, random: Math.random, store, client }, credential);
  client.start();
  keeper.start();
  return client;
}
