import { Command } from 'commander';
import { withoutSecrets } from '@qconn/startup';
import { addApply } from './commands/apply.ts';
import { addCa } from './commands/ca.ts';
import { addCert } from './commands/cert.ts';
import { addCerts } from './commands/certs.ts';
import { addApprove } from './commands/approve.ts';
import { addAudit } from './commands/audit.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfig } from './commands/config.ts';
import { addEnroll } from './commands/enroll.ts';
import { addExchange } from './commands/exchange.ts';
import { addExchanges } from './commands/exchanges.ts';
import { addExplain } from './commands/explain.ts';
import { addHub } from './commands/hub.ts';
import { addKey } from './commands/key.ts';
import { addKeys } from './commands/keys.ts';
import { addLogin } from './commands/login.ts';
import { addLogout } from './commands/logout.ts';
import { addMachine } from './commands/machine.ts';
import { addMachines } from './commands/machines.ts';
import { addMetrics } from './commands/metrics.ts';
import { addProfiles } from './commands/profiles.ts';
import { addQuery } from './commands/query.ts';
import { addRevoke } from './commands/revoke.ts';
import { addRights } from './commands/rights.ts';
import { addRole } from './commands/role.ts';
import { addRoles } from './commands/roles.ts';
import { addJob } from './commands/job.ts';
import { addSend } from './commands/send.ts';
import { addSessions } from './commands/sessions.ts';
import { addToken } from './commands/token.ts';
import { addWatchDevices } from './commands/watch-devices.ts';
import { addWhoami } from './commands/whoami.ts';
import { EXIT_CODE_HELP } from './exit-codes.ts';
import type { GlobalOptions, Invocation } from './invocation.ts';
import { VERSION } from './version.ts';

const HELP = `
A hub’s first day:
  qconn login https://hub.example:7443                 with the bootstrap secret that \`qconn-hub init\` printed
  qconn role put printer --allow provide:print         what a printer may do
  qconn token create --hostname printer-pc             a token for a machine to enrol with
  qconn machines --status pending                      who has enrolled
  qconn approve K7QM-2XPD --roles printer              once the machine shows the same code

Environment:
  QCONN_PROFILE        the profile to use
  QCONN_HUB, QCONN_KEY, and QCONN_PIN or QCONN_TRUST
                       address, API key, and pin or PEM file of the root CA; they go before the profile’s
  QCONN_CREDENTIAL     folder of the machine credential to administer with, instead of a profile and its key
  QCONN_CREDENTIALS    folder of the machine credential of send, query and enroll
  QCONN_SECRET, QCONN_TOKEN
                       secret for login, token for enroll
  NO_COLOR             no colours; QCONN_DEBUG=1: stacks with errors
Profiles are kept in ~/.config/qconn/profiles.json (XDG_CONFIG_HOME is respected), readable by you alone.

${EXIT_CODE_HELP}`;

const GROUPS: readonly (readonly [title: string, ...adders: ((parent: Command, invocation: Invocation) => void)[]])[] =
  [
    ['Getting in:', addLogin, addLogout, addProfiles, addWhoami, addHub],
    ['Machines:', addMachines, addMachine, addApprove, addRevoke, addRights, addToken],
    ['Rights:', addRoles, addRole, addApply, addExplain, addKeys, addKey],
    ['Certificates:', addCa, addCerts, addCert],
    ['Watching:', addSessions, addExchanges, addExchange, addAudit, addMetrics, addConfig],
    ['Messages:', addEnroll, addSend, addJob, addQuery, addWatchDevices],
    ['Help:', addCompletion],
  ];

/** The whole command line, wired to one run of it. Parsing throws CommanderError instead of ending the process. */
export function program(invocation: Invocation): Command {
  const { stdout, stderr } = invocation.surroundings;
  const root = new Command('qconn')
    .description('Administers qconn hubs, and sends messages through them.')
    .version(VERSION)
    .option('--profile <name>', 'the hub to talk to, as `qconn profiles` lists them')
    .option(
      '--credential <folder>',
      'administer as the machine whose credential this is, instead of with an API key (or QCONN_CREDENTIAL)',
    )
    .option('--json', 'print JSON; times are RFC 3339')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name() })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      // A secret that stands where it does not belong is quoted in the complaint about it.
      writeErr: (text) => void stderr.write(withoutSecrets(text)),
      getOutHelpWidth: () => helpWidth(stdout.columns),
      getErrHelpWidth: () => helpWidth(stderr.columns),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('(--help says what there is)')
    .addHelpText('after', HELP)
    .hook('preAction', (_root, command) => {
      invocation.options = command.optsWithGlobals<GlobalOptions>();
    });
  root.addHelpCommand(
    new Command('help').argument('[command]').description('display help for command').helpGroup('Help:'),
  );
  for (const [title, ...adders] of GROUPS) {
    root.commandsGroup(title);
    for (const add of adders) add(root, invocation);
  }
  return root;
}

/** Lines that are longer than this are hard to read, however wide the terminal is. */
function helpWidth(columns: number | undefined): number {
  return Math.min(columns ?? 100, 110);
}
