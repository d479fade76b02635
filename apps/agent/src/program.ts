import { Command, Option } from 'commander';
import { runCommands, withoutSecrets, type Outcome } from '@qconn/startup';
import type { ConfigCheckFlags } from './commands/config.ts';
import type { ControlFlags, LogsFlags } from './commands/control.ts';
import type { DoctorFlags } from './commands/doctor.ts';
import type { EncryptFlags, ExportFlags, ImportFlags } from './commands/credential.ts';
import type { EnrollFlags } from './commands/enroll.ts';
import { hubOption, jsonOption, logOptions, withConfigOptions } from './commands/options.ts';
import type { InstallFlags, UninstallFlags } from './commands/install.ts';
import type { SendFlags } from './commands/send.ts';
import type { StatusFlags } from './commands/status.ts';
import type { ConfigFlags } from './config/read-config.ts';
import { PROGRAM_HELP, ENROLL_HELP, RUN_HELP, EXPORT_HELP, STATUS_HELP, DOCTOR_HELP, SEND_HELP, NAME } from './help.ts';
import { VERSION } from './version.ts';

/** Runs the program. @param argv as in `process.argv` @returns the exit code */
export async function runProgram(argv: readonly string[]): Promise<number> {
  return runCommands(argv, NAME, createProgram);
}

/** Each command is loaded when it is called: whoever asks for help or the status does not wait for QUIC. */
function createProgram(outcome: Outcome): Command {
  const program = new Command(NAME)
    .description('Connects this machine and its devices to a qconn hub.')
    .version(VERSION)
    // A token that stands where it does not belong is quoted in the complaint about it.
    .configureOutput({ writeErr: (text) => void process.stderr.write(withoutSecrets(text)) })
    .showHelpAfterError('(--help says what there is)')
    .addHelpText('after', PROGRAM_HELP)
    .exitOverride();
  addEnroll(program, outcome);
  addRun(program, outcome);
  addStatus(program, outcome);
  addDoctor(program, outcome);
  addInstall(program, outcome);
  addControl(program, outcome);
  addLogs(program, outcome);
  addSend(program, outcome);
  addCredential(program, outcome);
  addConfig(program, outcome);
  return program;
}

function addEnroll(program: Command, outcome: Outcome): void {
  withConfigOptions(program.command('enroll'))
    .description('make this machine known to a hub with a token from an administrator')
    .addOption(hubOption())
    .option('--token <token>', 'enrolment token, qt1…')
    .option('--token-file <file>', 'file that holds the token; - for standard input (or QCONN_TOKEN holds it)')
    .addOption(
      new Option(
        '--csr-out <file>',
        'without a network: write a request for the hub’s administrator, and stop',
      ).conflicts(['token', 'tokenFile', 'from', 'wait']),
    )
    .addOption(
      new Option('--from <file>', 'without a network: the file that qconn-hub certs issue-machine wrote').conflicts([
        'token',
        'tokenFile',
      ]),
    )
    .option('--hostname <name>', 'hostname to ask for; this system’s when left out (or QCONN_AGENT_HOSTNAME)')
    .option('--force', 'enrol again although there is a credential; the key stays, and so the machine does')
    .addOption(
      new Option('--new-key', 'enrol as a new machine with a new key, as after a revocation').conflicts([
        'csrOut',
        'from',
      ]),
    )
    .option('--wait', 'wait until an administrator has approved the machine')
    .addOption(jsonOption())
    .addHelpText('after', ENROLL_HELP)
    .action(async (flags: EnrollFlags) => {
      const { enrollCommand } = await import('./commands/enroll.ts');
      outcome.code = await enrollCommand(flags);
    });
}

function addRun(program: Command, outcome: Outcome): void {
  const command = withConfigOptions(program.command('run')).description(
    'stay connected and serve the configured devices',
  );
  for (const option of logOptions()) command.addOption(option);
  command.addHelpText('after', RUN_HELP).action(async (flags: ConfigFlags) => {
    const { runCommand } = await import('./commands/run.ts');
    outcome.code = await runCommand(flags);
  });
}

function addStatus(program: Command, outcome: Outcome): void {
  withConfigOptions(program.command('status'))
    .description('tell how the agent on this machine is doing')
    .option('--check', 'exit with 1 if the agent runs but is not online')
    .addOption(jsonOption())
    .addHelpText('after', STATUS_HELP)
    .action(async (flags: StatusFlags) => {
      const { statusCommand } = await import('./commands/status.ts');
      outcome.code = await statusCommand(flags);
    });
}

function addDoctor(program: Command, outcome: Outcome): void {
  withConfigOptions(program.command('doctor'))
    .description('look for what keeps this machine from working: each step of the way, and what to do')
    .addOption(jsonOption())
    .addHelpText('after', DOCTOR_HELP)
    .action(async (flags: DoctorFlags) => {
      const { doctorCommand } = await import('./commands/doctor.ts');
      outcome.code = await doctorCommand(flags);
    });
}

function addInstall(program: Command, outcome: Outcome): void {
  const root = (): Option =>
    new Option('--root <folder>', 'work on a system image in this folder instead of this system');
  withConfigOptions(program.command('install'))
    .description('run the agent as a systemd service, as a user of its own')
    .option('--user <name>', 'the user (default qconn-agent; added when it is not there)')
    .option('--print', 'print the unit and change nothing')
    .addOption(root())
    .action(async (flags: InstallFlags) => {
      const { installCommand } = await import('./commands/install.ts');
      outcome.code = installCommand(flags);
    });
  program
    .command('uninstall')
    .description('stop the service and remove its unit; configuration and credential stay')
    .addOption(root())
    .action(async (flags: UninstallFlags) => {
      const { uninstallCommand } = await import('./commands/install.ts');
      outcome.code = uninstallCommand(flags);
    });
}

/** What a running agent can be told: a command of each name. */
const CONTROLS = {
  devices: 'list the devices of the running agent and their jobs',
  drain: 'take the devices back and wait for the jobs that run; the agent stays connected',
  resume: 'serve the devices again',
  renew: 'renew the certificate now',
  reload: 'read the configuration again, as SIGHUP and an edit of the file do',
} as const;

function addControl(program: Command, outcome: Outcome): void {
  for (const [name, description] of Object.entries(CONTROLS)) {
    withConfigOptions(program.command(name))
      .description(description)
      .addOption(jsonOption())
      .action(async (flags: ControlFlags) => {
        const commands = await import('./commands/control.ts');
        outcome.code = await commands[`${name as keyof typeof CONTROLS}Command`](flags);
      });
  }
}

function addLogs(program: Command, outcome: Outcome): void {
  withConfigOptions(program.command('logs'))
    .description('show the last lines of the running agent’s log')
    .option('-f, --follow', 'go on with those to come, until Ctrl-C')
    .option('-n, --lines <count>', 'how many of the last lines (default 100)')
    .action(async (flags: LogsFlags) => {
      const { logsCommand } = await import('./commands/control.ts');
      outcome.code = await logsCommand(flags);
    });
}

function addSend(program: Command, outcome: Outcome): void {
  withConfigOptions(program.command('send'))
    .description('send a message as this machine: through the running agent, or without one')
    .argument('<address>', 'where to, such as print@printer-pc/zebra-1')
    .argument('[file]', 'the body; - or nothing: standard input')
    .option('--key <text>', 'idempotency key: while it lives (an hour) the target runs the message at most once')
    .option('--resolution <seconds>', 'time for the connection, and for the target to acknowledge (default 10)')
    .option('--deadline <seconds>', 'time from the acknowledgement to the reply (default 30)')
    .addHelpText('after', SEND_HELP)
    .action(async (address: string, file: string | undefined, flags: SendFlags) => {
      const { sendCommand } = await import('./commands/send.ts');
      outcome.code = await sendCommand(address, file, flags);
    });
}

function addCredential(program: Command, outcome: Outcome): void {
  const credential = program.command('credential').description('move, keep safe or encrypt this machine’s credential');
  withConfigOptions(credential.command('export'))
    .argument('<file>', 'where to; - for standard output')
    .description('write the credential, private key included, into a file of mode 0600')
    .option('--out-passphrase-file <file>', 'encrypt what is written under this passphrase')
    .addHelpText('after', EXPORT_HELP)
    .action(async (file: string, flags: ExportFlags) => {
      const { exportCommand } = await import('./commands/credential.ts');
      outcome.code = await exportCommand(file, flags);
    });
  withConfigOptions(credential.command('import'))
    .argument('<file>', 'what `credential export` wrote; - for standard input')
    .description('take a credential that was exported: this becomes that machine')
    .option('--in-passphrase-file <file>', 'the passphrase under which it was exported')
    .option('--force', 'replace the credential that is here')
    .addOption(jsonOption())
    .action(async (file: string, flags: ImportFlags) => {
      const { importCommand } = await import('./commands/credential.ts');
      outcome.code = await importCommand(file, flags);
    });
  withConfigOptions(credential.command('encrypt'))
    .description('encrypt what lies in the folder under the configured passphrase, or all of it under a new one')
    .option('--new-passphrase-file <file>', 'the passphrase that takes the place of the configured one')
    .addOption(jsonOption())
    .action(async (flags: EncryptFlags) => {
      const { encryptCommand } = await import('./commands/credential.ts');
      outcome.code = await encryptCommand(flags);
    });
}

function addConfig(program: Command, outcome: Outcome): void {
  const config = program.command('config').description('check a configuration, or show what it may hold');
  withConfigOptions(config.command('check'))
    .description('tell every mistake of the configuration with its line and column, or what it says')
    .addOption(hubOption())
    .addOption(jsonOption())
    .action(async (flags: ConfigCheckFlags) => {
      const { configCheckCommand } = await import('./commands/config.ts');
      outcome.code = configCheckCommand(flags);
    });
  config
    .command('schema')
    .description('print the JSON Schema of the configuration, for editors')
    .action(async () => {
      const { configSchemaCommand } = await import('./commands/config.ts');
      outcome.code = configSchemaCommand();
    });
}
