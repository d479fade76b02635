import type { Command } from 'commander';
import type { CaStatus } from '../api/ca-views.ts';
import { withExamples } from '../help.ts';
import { parseSeconds } from '../input/duration.ts';
import type { Invocation } from '../invocation.ts';
import { takeOverTrust } from '../profile/adopt-trust.ts';
import type { Cell } from '../output/table.ts';

interface StepOptions {
  /** Seconds. */
  readonly spread?: number;
  readonly leaveExpired?: boolean;
  readonly yes?: boolean;
}

/** Machines that people are shown at once. */
const NAMED_MAX = 20;

export function addCa(parent: Command, invocation: Invocation): void {
  const command = parent.command('ca').description('show the hub’s CA, and replace its root');
  const step = (name: string, description: string, question: string): Command =>
    command
      .command(name)
      .description(description)
      .option('-y, --yes', 'do not ask')
      .action((options: StepOptions) => take(name, question, options, invocation));
  command
    .command('status', { isDefault: true })
    .description('the CA, the roots that are trusted, and how far a rotation is')
    .action(async () => {
      const hub = await invocation.hub();
      await takeOverTrust(hub, invocation);
      show(await hub.ca(), invocation);
    });
  step(
    'prepare',
    'begin a rotation: make a new root, and have every machine trust it beside the old one',
    'Begin to replace the root of the CA?',
  );
  step('activate', 'have the new CA sign, and machines renew', 'Have the new CA sign from now on?').option(
    '--spread <time>',
    'over how long machines spread their renewals (default 10m)',
    parseSeconds,
  );
  step('prune', 'end the rotation: the old root is trusted no more', 'Trust the old root no more, for good?').option(
    '--leave-expired',
    'leave behind machines whose certificate has expired; they have to enrol again',
  );
  step('abort', 'take back a step: the activation, or else the whole rotation', 'Take the last step back?');
  step('renew-issuing', 'make a new issuing CA below the same root', 'Make a new issuing CA?');
  withExamples(command, [
    ['qconn ca prepare', '1. once every machine has been here, `qconn ca status` names nobody without the new root'],
    ['qconn ca activate --spread 1h', '2. machines renew within the hour'],
    ['qconn ca prune', '3. refuses while a machine would be locked out, and names it'],
  ]);
}

async function take(name: string, question: string, options: StepOptions, invocation: Invocation): Promise<void> {
  const body = {
    spreadSeconds: options.spread,
    leaveExpired: options.leaveExpired,
  };
  const hub = await invocation.hub();
  if (!(await invocation.confirmed(question, options.yes))) return invocation.declined();
  const status = await hub.caStep(name, body);
  await takeOverTrust(hub, invocation);
  show(status, invocation);
}

function show(status: CaStatus, invocation: Invocation): void {
  invocation.show(status, () => {
    const { issuing, root, rotation, trust } = status;
    const card = invocation.card([
      ['pin of the root CA', status.pin],
      ['root', `${root.subject}, ends ${invocation.when(root.notAfter)}`],
      ['issuing CA', `${issuing.subject}, ends ${invocation.when(issuing.notAfter)}`],
      ['root’s key', status.rootKeyHere ? 'on the hub' : 'not on the hub'],
      ['trusted roots', trust.pins.join(', ')],
      ['rotation', rotation === null ? 'none' : rotation.phase],
    ]);
    return rotation === null ? card : `${card}\n${rotationText(rotation, invocation)}`;
  });
}

function rotationText(
  { phase, previousRoot, lagging, oldTokens }: NonNullable<CaStatus['rotation']>,
  invocation: Invocation,
): string {
  const { live, expired, machines } = lagging;
  const tokens =
    oldTokens === 0 ? '' : `${oldTokens} enrolment tokens carry the pin of the old root; they end with it.\n`;
  if (live + expired === 0) return `Every machine is ready for the root ${previousRoot} to go.\n${tokens}`;
  const waits = `${live === 1 ? '1 machine is' : `${live} machines are`} not ready for the old root to go, and ${expired} that have expired but may come back${phase === 'prepared' ? '; certificates come with `qconn ca activate`' : ''}.\n`;
  const columns = [
    { title: 'MACHINE', cut: true },
    { title: 'NEW ROOT' },
    { title: 'NEW CERTIFICATE' },
    { title: 'EXPIRES' },
  ];
  const rows = machines
    .slice(0, NAMED_MAX)
    .map((machine): Cell[] => [
      machine.hostname ?? machine.shortCode,
      machine.hasTrust ? 'yes' : 'no',
      machine.hasCertificate ? 'yes' : 'no',
      invocation.when(machine.expiresAt),
    ]);
  return `${waits}${invocation.table(columns, rows)}${tokens}`;
}
