import type { Command } from 'commander';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';

interface RevokeOptions {
  readonly reason?: string;
  readonly yes?: boolean;
}

const SERIAL = 'serial, as `qconn certs` lists it';

export function addCert(parent: Command, invocation: Invocation): void {
  const command = parent.command('cert').description('show or revoke one certificate');
  command
    .command('show')
    .argument('<serial>', SERIAL)
    .description('print a certificate as PEM')
    .action(async (serial: string) => {
      const found = await (await invocation.hub()).certificate(serial.toLowerCase());
      invocation.show(found, () => found.pem);
    });
  command
    .command('revoke')
    .argument('<serial>', SERIAL)
    .description(
      'revoke one certificate of a machine: connections made with it are closed, the machine may use another',
    )
    .option('--reason <text>', 'for the audit trail')
    .option('-y, --yes', 'do not ask')
    .action((serial: string, options: RevokeOptions) => revoke(serial.toLowerCase(), options, invocation));
  withExamples(command, [
    ['qconn cert revoke 4be1… --reason "copied"', 'a machine whose key was copied needs `qconn revoke` instead'],
  ]);
}

async function revoke(serial: string, { reason, yes }: RevokeOptions, invocation: Invocation): Promise<void> {
  if (!(await invocation.confirmed(`Revoke the certificate ${serial}?`, yes))) return invocation.declined();
  const revoked = await (await invocation.hub()).revokeCertificate(serial, { reason });
  invocation.show(revoked, () => `The certificate ${serial} of ${revoked.machine} is revoked.\n`);
}
