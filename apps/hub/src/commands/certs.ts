import type { Command } from 'commander';
import type { Outcome } from '@qconn/startup';
import type { IssueMachineOptions } from './issue-machine.ts';
import type { IssueServerOptions } from './issue-server.ts';
import { configOf, withConfigOptions, type CommonOptions } from './options.ts';

export function addCerts(program: Command, outcome: Outcome): void {
  const certs = program.command('certs').description('issue certificates by hand');
  withConfigOptions(certs.command('issue-server'))
    .description(
      'a TLS server certificate for what stands beside the hub; with the embedded database the hub must be stopped',
    )
    .option('--host <names...>', 'host names of the server')
    .option('--ip <addresses...>', 'its IP addresses')
    .option('--csr <file>', 'request for the key to certify, PEM')
    .option('--key-out <file>', 'without --csr: new file of mode 0600 for the key that is made')
    .option('--out <file>', 'new file for the chain (default standard output)')
    .action(async (options: CommonOptions & IssueServerOptions) => {
      const { issueServer } = await import('./issue-server.ts');
      outcome.code = await issueServer(configOf(options), options);
    });
  withConfigOptions(certs.command('issue-machine'))
    .description(
      'enrol a machine that cannot reach this hub’s HTTPS; with the embedded database the hub must be stopped',
    )
    .requiredOption('--hostname <name>', 'the machine’s hostname')
    .requiredOption('--csr <file>', 'its request, made there by: qconn-agent enroll --csr-out FILE')
    .option('--out <file>', 'new file for: qconn-agent enroll --from FILE (default standard output)')
    .option('--approve', 'authorize the machine at once, if the hostname is free')
    .option('--role <names...>', 'with --approve: its roles')
    .action(async (options: CommonOptions & IssueMachineOptions) => {
      const { issueMachine } = await import('./issue-machine.ts');
      outcome.code = await issueMachine(configOf(options), options);
    });
}
