import { systemClock } from '@qconn/clock';
import { createLog, runUntilSignal, type Logger } from '@qconn/startup';
import type { SocketAddress } from '@qconn/transport';
import { plainKeyFiles, readAuthority } from '../authority/authority-files.ts';
import { authorityFolder } from '../authority/authority-folders.ts';
import type { HubConfig } from '../config/hub-config.ts';
import { Hub } from '../hub.ts';
import { loadTracer } from '../load-tracer.ts';
import {
  initialise,
  isInitialised,
  notInitialised,
  openHubAuthority,
  openHubStore,
  openStoreOfHub,
} from '../initialise.ts';
import { SecurityFile } from '../security/security-file.ts';
import { VERSION } from '../version.ts';
import { printNewHub } from './print-new-hub.ts';

/** Time beyond the drain for closing sockets and the database, in milliseconds. */
const CLOSE_SLACK_MS = 10_000;

/** Who reloads the configuration by SIGHUP, for the audit trail. */
const HANG_UP_ACTOR = 'hub-host';

/** Runs the hub until a signal. @returns the exit code @throws QconnError why it could not start */
export async function serve(
  config: HubConfig,
  {
    init = false,
    json = false,
    readConfig,
  }: { readonly init?: boolean; readonly json?: boolean; readonly readConfig: () => HubConfig },
): Promise<number> {
  const log = createLog({ component: 'hub', ...config.log });
  const store = await (init ? openHubStore(config) : openStoreOfHub(config));
  try {
    if (!(await isInitialised(config, store))) {
      if (!init) throw await notInitialised(config);
      printNewHub(await initialise(config, store, systemClock), json);
    }
    const authority = await openHubAuthority(config, store);
    await warnOfPlainKeys(config, log);
    const securityFile = openSecurityFile(config, log);
    const hub = await Hub.start(config, {
      store,
      authority,
      log,
      readConfig,
      tracer: await loadTracer(config),
      ...(securityFile === undefined ? {} : { securityLog: securityLogTo(securityFile) }),
    });
    // Before anybody hears that the hub serves: without a listener a signal ends the process.
    const onHangUp = (): void => {
      securityFile?.reopen();
      void hub.reload(HANG_UP_ACTOR).catch(() => {}); // What came of it is in the log.
    };
    process.on('SIGHUP', onHangUp);
    const stopped = runUntilSignal({
      close: () => hub.close(),
      deadlineMs: () => hub.drainMs + CLOSE_SLACK_MS,
      tell: (message) => log.info({ event: 'hub_stopping' }, message),
    });
    printListening(hub, json);
    log.info(
      {
        event: 'hub_started',
        version: VERSION,
        quic: addressText(hub.quicAddress),
        https: addressText(hub.httpsAddress),
        database: config.database.url === undefined ? 'embedded' : 'postgresql',
      },
      'The hub serves.',
    );
    try {
      const code = await stopped;
      // Where it is missing from the log, the hub did not end of its own will.
      if (code === 0) log.info({ event: 'hub_stopped' }, 'The hub has stopped.');
      return code;
    } finally {
      process.off('SIGHUP', onHangUp);
      securityFile?.destroy();
    }
  } finally {
    await store.close();
  }
}

async function warnOfPlainKeys({ dataFolder }: HubConfig, log: Logger): Promise<void> {
  const folder = authorityFolder(dataFolder);
  const files = plainKeyFiles(await readAuthority(folder));
  if (files.length === 0) return;
  log.warn(
    { event: 'ca_keys_not_encrypted', folder, files },
    'The CA’s keys are not encrypted on disk: give ca.passphraseFile, then run qconn-hub ca encrypt.',
  );
}

function openSecurityFile({ log: { securityFile } }: HubConfig, log: Logger): SecurityFile | undefined {
  if (securityFile === undefined) return undefined;
  return new SecurityFile(securityFile, (error) =>
    log.error({ event: 'security_log_not_written', err: error }, 'Lines of the security log are lost.'),
  );
}

function securityLogTo(destination: SecurityFile): Logger {
  return createLog({ component: 'hub', level: 'info', format: 'json', destination }).child({ log: 'security' });
}

function printListening(hub: Hub, json: boolean): void {
  const addresses = { quic: addressText(hub.quicAddress), https: addressText(hub.httpsAddress) };
  if (json) process.stdout.write(`${JSON.stringify({ event: 'listening', ...addresses })}\n`);
  else process.stdout.write(`QUIC  listens at ${addresses.quic} (UDP)\nHTTPS listens at ${addresses.https} (TCP)\n`);
}

function addressText({ host, port }: SocketAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
