import { isQconnError, QconnError } from '@qconn/protocol';
import type { Command } from 'commander';
import type { HubApi } from '../api/hub-api.ts';
import type { Machine } from '../api/views.ts';
import { withExamples } from '../help.ts';
import { gatherKeyValue } from '../input/key-value.ts';
import { parseNames } from '../input/names.ts';
import type { Invocation } from '../invocation.ts';
import { machineCard, machineName } from '../output/machine-text.ts';
import { MACHINE_ARGUMENT } from './machine.ts';

interface Options {
  readonly roles?: string[];
  readonly hostname?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly replace?: string;
  readonly yes?: boolean;
}

/** What a person is asked to agree to. */
interface Approval {
  readonly machine: Machine;
  readonly under: string | undefined;
  readonly roles: readonly string[];
  /** Loses the hostname and is revoked. */
  readonly holder: Machine | undefined;
}

export function addApprove(parent: Command, invocation: Invocation): void {
  const command = parent
    .command('approve')
    .argument('<machine>', MACHINE_ARGUMENT)
    .description('authorize a pending machine under a hostname, with roles; it need not reconnect')
    .option('--roles <a,b>', 'its roles, or none; has to be given', parseNames)
    .option('--hostname <name>', 'its hostname (default: the one that it asks for)')
    .option('--label <key=value>', 'a label; may be given several times', gatherKeyValue)
    .option(
      '--replace <machine>',
      'revoke this machine, which holds the hostname, in the same step: a host has a new key',
    )
    .option('-y, --yes', 'do not ask')
    .action((name: string, options: Options) => approve(name, options, invocation));
  withExamples(command, [
    ['qconn approve K7QM-2XPD --roles printer', 'compare the short code with what the machine shows'],
    [
      'qconn approve lims --roles lims --label site=oslo --label floor=2',
      'labels are what a role’s --towards looks at',
    ],
    [
      'qconn approve K7QM-2XPD --roles printer --hostname pc-7 --replace pc-7 --yes',
      'a new installation takes over a name',
    ],
  ]);
}

async function approve(name: string, options: Options, invocation: Invocation): Promise<void> {
  const { hostname, label, replace } = options;
  const hub = await invocation.hub();
  const roles = options.roles ?? (await refuseWithoutRoles(hub));
  const machine = await hub.machine(name);
  const under = hostname ?? machine.requestedHostname ?? undefined;
  refuseUnfit(machine, under);
  const holder = replace === undefined ? undefined : await hub.machine(replace);
  if (!(await agreed({ machine, under, roles, holder }, options, invocation))) return invocation.declined();
  // By the fingerprint that was shown: under a name somebody else could have enrolled in the meantime.
  const body = { hostname: under, roles, labels: label, replace: holder?.fingerprint };
  const approved = await hub.approve(machine.fingerprint, body).catch((error: unknown) => {
    throw withReplaceHint(error);
  });
  invocation.show(approved, () => `${machineName(approved)} is authorized with ${rolesText(approved.roles)}.\n`);
}

/** What can be told before anybody is asked. @throws QconnError `invalid_state`, `usage` */
function refuseUnfit(machine: Machine, hostname: string | undefined): void {
  if (machine.status !== 'pending') {
    const instead = machine.status === 'authorized' ? ' Its roles and labels are changed with `qconn rights`.' : '';
    throw new QconnError('invalid_state', `${machineName(machine)} is ${machine.status}, not pending.${instead}`);
  }
  if (hostname === undefined)
    throw new QconnError('usage', `${machineName(machine)} asks for no hostname: give it one with --hostname.`);
}

/** @throws QconnError `usage` that names the roles there are */
async function refuseWithoutRoles(hub: HubApi): Promise<never> {
  const names = (await hub.roles({ all: true })).items.map(({ name }) => name);
  throw new QconnError(
    'usage',
    `Say which roles it shall have: --roles a,b, or --roles none. There are: ${names.join(', ')}.`,
  );
}

async function agreed(approval: Approval, { yes }: Options, invocation: Invocation): Promise<boolean> {
  if (yes === true) return true;
  const { machine, under, roles, holder } = approval;
  invocation.note(machineCard(machine, invocation).trimEnd());
  const revoking = holder === undefined ? '' : `, and revoke ${machineName(holder)}`;
  const question = `Does the machine itself show ${machine.shortCode}? Authorize it as ${under} with ${rolesText(roles)}${revoking}?`;
  return invocation.confirmed(question, yes);
}

function withReplaceHint(error: unknown): unknown {
  if (!isQconnError(error, 'hostname_taken')) return error;
  const holder = String(error.facts['holder'] ?? 'MACHINE');
  const hint = `If this is the same host with a new key, add --replace ${holder}, which revokes the old one.`;
  return new QconnError('hostname_taken', `${error.message} ${hint}`, { cause: error.cause, facts: error.facts });
}

function rolesText(roles: readonly string[]): string {
  if (roles.length === 0) return 'no role';
  return `the ${roles.length === 1 ? 'role' : 'roles'} ${roles.join(', ')}`;
}
