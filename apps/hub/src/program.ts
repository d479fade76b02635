import { Command } from 'commander';
import { runCommands, withoutSecrets, type Outcome } from '@qconn/startup';
import type { BroughtFiles } from './authority/brought-authority.ts';
import { addCa } from './commands/ca.ts';
import { addCerts } from './commands/certs.ts';
import {
  configOf,
  serveConfigOf,
  withConfigOptions,
  withServeOptions,
  type CommonOptions,
  type ServeOptions,
} from './commands/options.ts';
import { VERSION } from './version.ts';

const NAME = 'qconn-hub';

const HELP = `
Examples:
  ${NAME} init                              make a hub in ./qconn-data and print its bootstrap secret
  ${NAME} serve                             run it: QUIC on UDP 7443, HTTPS on TCP 7443
  ${NAME} serve --init --hosts hub.example  both at once, reachable as hub.example
  DATABASE_URL=postgres://… ${NAME} serve   on PostgreSQL

Every setting can be given in the file, as QCONN_HUB_… in the environment, or as a flag; the last wins.
docs/configuration.md lists them.`;

/** Runs the program. @param argv as in `process.argv` @returns the exit code */
export async function runProgram(argv: readonly string[]): Promise<number> {
  return runCommands(argv, NAME, createProgram);
}

/** Each command is loaded when it is called: whoever asks about the CA does not wait for QUIC. */
function createProgram(outcome: Outcome): Command {
  const program = new Command(NAME)
    .description('The qconn hub: certificate authority, admission, authorization and routing.')
    .version(VERSION)
    // A secret that stands where it does not belong is quoted in the complaint about it.
    .configureOutput({ writeErr: (text) => void process.stderr.write(withoutSecrets(text)) })
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .addHelpText('after', HELP);
  withConfigOptions(program.command('init'))
    .description('make a hub: CA, database, bootstrap secret')
    .option('--issuing-cert <file>', 'PEM of your own issuing CA, then of the CAs between it and the root, if any')
    .option('--issuing-key <file>', 'PEM of its private key, not encrypted')
    .option('--root <file>', 'PEM of the root certificate; its key is not wanted here')
    .action(async (options: CommonOptions & BroughtFiles) => {
      const { init } = await import('./commands/init.ts');
      outcome.code = await init(configOf(options), options);
    });
  withServeOptions(program.command('serve')).action(async (options: ServeOptions) => {
    const { serve } = await import('./commands/serve.ts');
    outcome.code = await serve(serveConfigOf(options), { ...options, readConfig: () => serveConfigOf(options) });
  });
  withConfigOptions(program.command('bootstrap'))
    .description('make a new bootstrap secret, when every administrator’s key is lost')
    .action(async (options: CommonOptions) => {
      const { bootstrap } = await import('./commands/init.ts');
      outcome.code = await bootstrap(configOf(options), options);
    });
  addCa(program, outcome);
  addCerts(program, outcome);
  return program;
}
