import { enroll, refuseEnrolled, type Enrolment } from '@qconn/client';
import type { Command } from 'commander';
import { AGENT, withClient, withCredentials } from '../exchange/with-client.ts';
import { EXIT_INTERRUPTED } from '../exit-codes.ts';
import { withExamples } from '../help.ts';
import { secretInput } from '../input/secret-input.ts';
import type { Invocation } from '../invocation.ts';
import { credentialStore } from '../profile/credential-store.ts';
import { hubAddress } from '../profile/hub-address.ts';

interface Options {
  readonly token?: string;
  readonly credentials?: string;
  readonly hostname?: string;
  readonly force?: boolean;
  readonly newKey?: boolean;
  readonly wait?: boolean;
}

export function addEnroll(parent: Command, invocation: Invocation): void {
  const command = withCredentials(parent.command('enroll'))
    .argument('<url>', 'the hub’s HTTPS address')
    .description('make this user of this computer a machine of the hub, to send with')
    .option('--token <token>', 'enrolment token, qt1…; - reads it from standard input (or QCONN_TOKEN holds it)')
    .option('--hostname <name>', 'hostname to ask for (default: this system’s)')
    .option('--force', 'enrol although the folder holds a usable credential')
    .option('--new-key', 'enrol as a new machine with a new key, as after a revocation')
    .option('--wait', 'wait until an administrator has approved it; Ctrl-C ends the wait')
    .addHelpText(
      'after',
      '\nThe key is made here and never leaves. Nothing is sent before the hub has proven to be the one that the token is\nfor. Enrolment alone allows nothing: an administrator approves it.',
    )
    .action((url: string, options: Options) => enrol(url, options, invocation));
  withExamples(command, [
    ['qconn enroll https://hub.example:7443 --hostname lims', 'asks for the token'],
    [
      'qconn token create | qconn enroll hub.example:7443 --token - --wait',
      'all at once, where you are the administrator',
    ],
  ]);
}

async function enrol(address: string, options: Options, invocation: Invocation): Promise<void> {
  const hub = hubAddress(address).origin;
  const store = await credentialStore(options.credentials, invocation.env);
  const { folder } = store;
  if (options.force !== true && options.newKey !== true) await refuseEnrolled(store);
  const token = await secretInput(
    { given: options.token, variable: 'QCONN_TOKEN', what: 'enrolment token' },
    invocation.surroundings,
  );
  const enrolment = await enroll({
    hub,
    token,
    store,
    hostname: options.hostname,
    newKey: options.newKey,
    agent: AGENT,
  });
  invocation.show({ ...enrolment, hub, credentials: folder }, () => enrolmentText(enrolment, hub, folder, invocation));
  if (enrolment.status === 'authorized') return;
  if (!invocation.json)
    invocation.note(`An administrator approves it with: qconn approve ${enrolment.shortCode} --roles …`);
  if (options.wait === true) await waitForApproval(folder, invocation);
}

async function waitForApproval(folder: string, invocation: Invocation): Promise<void> {
  await withClient(folder, invocation, async (client, signal) => {
    try {
      await client.connected({ phase: 'online', signal });
      invocation.note(
        `Approved as ${client.machine?.hostname ?? client.machine?.fingerprint}, with the roles: ${client.machine?.roles.join(', ') || 'none'}.`,
      );
    } catch (error) {
      if (!signal.aborted) throw error;
      invocation.note('Not approved yet. The enrolment stays.');
      invocation.exitCode = EXIT_INTERRUPTED;
    }
  });
}

function enrolmentText(
  { fingerprint, shortCode, status, notApproved }: Enrolment,
  hub: string,
  folder: string,
  invocation: Invocation,
): string {
  return invocation.card([
    ['enrolled with', hub],
    ['short code', { text: shortCode, colour: 'bold' }],
    ['fingerprint', fingerprint],
    ['status', { text: status, colour: status === 'authorized' ? 'green' : 'yellow' }],
    ...(notApproved === undefined ? [] : ([['not approved', notApproved]] as const)),
    ['credential', folder],
  ]);
}
