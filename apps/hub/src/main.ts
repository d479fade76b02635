#!/usr/bin/env -S node --max-semi-space-size=16
import { Command, CommanderError } from 'commander';
import { EXIT_OK, EXIT_USAGE, reportFailure, withoutSecrets, type Flags } from '@qconn/startup';
import type { IssueMachineOptions } from './commands/issue-machine.ts';
import type { IssueServerOptions } from './commands/issue-server.ts';
import { VERSION } from './version.ts';
import { HUB_FLAGS, loadHubConfig, type HubConfig } from './config/hub-config.ts';

interface Options {
  readonly config?: string;
  readonly data?: string;
  readonly database?: string;
  readonly host?: string;
  readonly quicPort?: string;
  readonly httpsPort?: string;
  readonly hosts?: string;
  readonly logLevel?: string;
  readonly init?: boolean;
  readonly json?: boolean;
  readonly issuingCert?: string;
  readonly issuingKey?: string;
  readonly root?: string;
  readonly chain?: boolean;
  readonly rootKey?: string;
  readonly remove?: boolean;
  readonly newPassphraseFile?: string;
}

const PROGRAM = 'qconn-hub';

function configOf(options: Options): HubConfig {
  const values: Record<keyof typeof HUB_FLAGS, string | undefined> = {
    '--data': options.data,
    '--database': options.database,
    '--host': options.host,
    '--quic-port': options.quicPort,
    '--https-port': options.httpsPort,
    '--hosts': options.hosts,
    '--log-level': options.logLevel,
  };
  const flags: Flags = Object.fromEntries(
    Object.entries(HUB_FLAGS).map(([flag, path]) => [flag, { path, value: values[flag as keyof typeof HUB_FLAGS] }]),
  );
  return loadHubConfig({ file: options.config ?? process.env['QCONN_CONFIG'], environment: process.env, flags });
}

function withConfig(command: Command): Command {
  return command
    .option('-c, --config <file>', 'YAML configuration file')
    .option('--data <folder>', 'folder of the CA and the embedded database (default ./qconn-data)')
    .option('--database <url>', 'PostgreSQL server instead of the embedded database; better given as DATABASE_URL')
    .option('--json', 'print JSON, one object a line');
}

/** Each command is loaded when it is called: who asks about the CA does not wait for QUIC. */
function program(run: (work: Promise<number>) => void): Command {
  const root = new Command(PROGRAM)
    .description('The qconn hub: certificate authority, admission, authorization and routing.')
    .version(VERSION)
    // A secret that stands where it does not belong is quoted in the complaint about it.
    .configureOutput({ writeErr: (text) => void process.stderr.write(withoutSecrets(text)) })
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  qconn-hub init                              make a hub in ./qconn-data and print its bootstrap secret
  qconn-hub serve                             run it: QUIC on UDP 7443, HTTPS on TCP 7443
  qconn-hub serve --init --hosts hub.example  both at once, reachable as hub.example
  DATABASE_URL=postgres://… qconn-hub serve   on PostgreSQL

Every setting can be given in the file, as QCONN_HUB_… in the environment, or as a flag; the last wins.
docs/configuration.md lists them.`,
    );
  withConfig(root.command('init'))
    .description('make a hub: CA, database, bootstrap secret')
    .option('--issuing-cert <file>', 'PEM of your own issuing CA, then of the CAs between it and the root, if any')
    .option('--issuing-key <file>', 'PEM of its private key, not encrypted')
    .option('--root <file>', 'PEM of the root certificate; its key is not wanted here')
    .action((options: Options) =>
      run(
        import('./commands/init.ts').then(({ init }) =>
          init(configOf(options), { ...options, json: options.json === true }),
        ),
      ),
    );
  withConfig(root.command('serve'))
    .description('run the hub until SIGINT or SIGTERM')
    .option('--init', 'make the hub first if there is none')
    .option('--host <address>', 'IP address to listen at (default ::, which serves IPv4 too)')
    .option('--quic-port <port>', 'UDP port of QUIC (default 7443; 0: any)')
    .option('--https-port <port>', 'TCP port of the HTTPS API (default 7443; 0: any)')
    .option('--hosts <names>', 'comma-separated names and addresses under which clients reach this hub')
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (default info)')
    .action((options: Options) =>
      run(
        import('./commands/serve.ts').then(({ serve }) =>
          serve(configOf(options), {
            init: options.init === true,
            json: options.json === true,
            readConfig: () => configOf(options),
          }),
        ),
      ),
    );
  withConfig(root.command('bootstrap'))
    .description('make a new bootstrap secret, when every administrator’s key is lost')
    .action((options: Options) =>
      run(
        import('./commands/init.ts').then(({ bootstrap }) =>
          bootstrap(configOf(options), { json: options.json === true }),
        ),
      ),
    );
  addCa(root, run);
  addCerts(root, run);
  return root;
}

function addCa(root: Command, run: (work: Promise<number>) => void): void {
  const ca = root.command('ca').description('make and look at the CA, take its root key offline, encrypt its keys');
  withConfig(ca.command('create'))
    .description('make a CA and nothing else; `init` then uses it')
    .option('--name <name>', 'begins the names of root and issuing CA (default qconn)')
    .action((options: Options & { readonly name?: string }) =>
      run(
        import('./commands/ca-create.ts').then(({ caCreate }) =>
          caCreate(configOf(options), { ...options, json: options.json === true }),
        ),
      ),
    );
  withConfig(ca.command('renew-issuing'))
    .description('make a new issuing CA below the same root; the hub may run, and takes it over')
    .option('--root-key <file>', 'the root’s private key, if it is kept elsewhere; it is not kept here')
    .action((options: Options) =>
      run(
        import('./commands/ca-renew-issuing.ts').then(({ caRenewIssuing }) =>
          caRenewIssuing(configOf(options), { ...options, json: options.json === true }),
        ),
      ),
    );
  withConfig(ca.command('show'))
    .description('names, validity, pin, and how the keys lie here; the hub may run')
    .action((options: Options) =>
      run(
        import('./commands/ca-show.ts').then(({ caShow }) =>
          caShow(configOf(options), { json: options.json === true }),
        ),
      ),
    );
  withConfig(ca.command('export'))
    .description('print the root certificate as PEM, or take the root’s key out')
    .option('--chain', 'print the issuing CA’s certificate, and those between it and the root, instead')
    .option('--root-key <file>', 'write the root’s private key to a new file of mode 0600')
    .option('--remove', 'with --root-key: then remove it here; the hub runs without it')
    .action((options: Options) =>
      run(
        import('./commands/ca-export.ts').then(({ caExport }) =>
          caExport(configOf(options), { ...options, json: options.json === true }),
        ),
      ),
    );
  withConfig(ca.command('encrypt'))
    .description('encrypt keys that are not, under the passphrase of the configuration; the hub may run')
    .option('--new-passphrase-file <file>', 'encrypt all keys under this one instead, which is then to be configured')
    .action((options: Options) =>
      run(
        import('./commands/ca-encrypt.ts').then(({ caEncrypt }) =>
          caEncrypt(configOf(options), { ...options, json: options.json === true }),
        ),
      ),
    );
}

function addCerts(root: Command, run: (work: Promise<number>) => void): void {
  const certs = root.command('certs').description('issue certificates by hand');
  withConfig(certs.command('issue-server'))
    .description(
      'a TLS server certificate for what stands beside the hub; with the embedded database the hub must be stopped',
    )
    .option('--host <names...>', 'host names of the server')
    .option('--ip <addresses...>', 'its IP addresses')
    .option('--csr <file>', 'request for the key to certify, PEM')
    .option('--key-out <file>', 'without --csr: new file of mode 0600 for the key that is made')
    .option('--out <file>', 'new file for the chain (default standard output)')
    .action((options: Options & Omit<IssueServerOptions, 'json'>) =>
      run(
        import('./commands/issue-server.ts').then(({ issueServer }) =>
          issueServer(configOf(options), { ...options, json: options.json === true }),
        ),
      ),
    );
  withConfig(certs.command('issue-machine'))
    .description(
      'enrol a machine that cannot reach this hub’s HTTPS; with the embedded database the hub must be stopped',
    )
    .requiredOption('--hostname <name>', 'the machine’s hostname')
    .requiredOption('--csr <file>', 'its request, made there by: qconn-agent enroll --csr-out FILE')
    .option('--out <file>', 'new file for: qconn-agent enroll --from FILE (default standard output)')
    .option('--approve', 'authorize the machine at once, if the hostname is free')
    .option('--role <names...>', 'with --approve: its roles')
    .action((options: Options & Omit<IssueMachineOptions, 'json'>) =>
      run(
        import('./commands/issue-machine.ts').then(({ issueMachine }) =>
          issueMachine(configOf(options), { ...options, json: options.json === true }),
        ),
      ),
    );
}

async function main(): Promise<number> {
  let work: Promise<number> = Promise.resolve(EXIT_OK);
  try {
    await program((started) => {
      work = started;
    }).parseAsync();
    return await work;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    return reportFailure(error, { program: PROGRAM });
  }
}

process.exitCode = await main();
