import { systemClock } from '@qconn/clock';
import { EXIT_OK } from '@qconn/startup';
import { readBroughtAuthority, type BroughtFiles } from '../authority/brought-authority.ts';
import type { HubConfig } from '../config/hub-config.ts';
import { initialise, openHubStore, openStoreOfHub, renewBootstrap } from '../initialise.ts';
import { printNewHub } from './print-new-hub.ts';

/** Makes a hub without starting it, with a CA of its own or a brought one. @throws QconnError `already_initialised`, `usage`, `ca_unusable` */
export async function init(
  config: HubConfig,
  { json = false, ...files }: BroughtFiles & { readonly json?: boolean },
): Promise<number> {
  const brought = await readBroughtAuthority(files, systemClock.now());
  const store = await openHubStore(config);
  try {
    printNewHub(await initialise(config, store, systemClock, brought), json);
    return EXIT_OK;
  } finally {
    await store.close();
  }
}

/** Makes a new bootstrap secret; on the embedded database the hub must not be running. @throws QconnError `data_locked`, `not_initialised` */
export async function bootstrap(config: HubConfig, options: { readonly json?: boolean }): Promise<number> {
  const store = await openStoreOfHub(config);
  try {
    const bootstrapSecret = await renewBootstrap(config, store, systemClock);
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify({ bootstrapSecret })}\n`
        : `bootstrap secret  ${bootstrapSecret}\nIt works once; every earlier one is void. Use it with: qconn login https://HOST:PORT   (asks for it)\n`,
    );
    return EXIT_OK;
  } finally {
    await store.close();
  }
}
