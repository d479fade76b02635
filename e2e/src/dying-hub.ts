import { parseArgs } from 'node:util';
import { systemClock } from '@qconn/clock';
import { Hub, initialise, loadHubConfig, openHubAuthority, openHubStore } from '@qconn/hub';
import { createLog } from '@qconn/startup';

/**
 * A hub that loses its power once it has committed what `DIES_AFTER` says, `enrolment` or `renewal`, and has not answered yet.
 * Takes the arguments of `qconn-hub serve` that tests give.
 */
const { values } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { data: { type: 'string' }, 'quic-port': { type: 'string' }, 'https-port': { type: 'string' } },
});

const config = loadHubConfig({
  environment: { DATABASE_URL: process.env['DATABASE_URL'] },
  flags: {
    '--data': { path: 'dataFolder', value: values['data'] },
    '--host': { path: 'listen.host', value: '127.0.0.1' },
    '--quic-port': { path: 'listen.quicPort', value: values['quic-port'] },
    '--https-port': { path: 'listen.httpsPort', value: values['https-port'] },
  },
});
const store = await openHubStore(config);
const fresh = (await store.hub.find()) === undefined ? await initialise(config, store, systemClock) : undefined;
if (process.env['DIES_AFTER'] === 'enrolment') dieAfter(store, 'enrol');
if (process.env['DIES_AFTER'] === 'renewal') dieAfter(store.credentials, 'add');
const hub = await Hub.start(config, {
  store,
  authority: await openHubAuthority(config, store),
  log: createLog({ component: 'hub', level: 'silent', format: 'json' }),
});
const { quicAddress, httpsAddress } = hub;
process.stdout.write(
  `${JSON.stringify({ bootstrapSecret: fresh?.bootstrapSecret, quic: `127.0.0.1:${quicAddress.port}`, https: `127.0.0.1:${httpsAddress.port}` })}\n`,
);

function dieAfter<Name extends string>(owner: Record<Name, (input: never) => Promise<unknown>>, name: Name): void {
  const act = owner[name].bind(owner);
  owner[name] = async (input: never) => {
    await act(input);
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => {});
  };
}
