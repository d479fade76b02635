import type { Command } from 'commander';
import type { Outcome } from '@qconn/startup';
import type { CaCreateOptions } from './ca-create.ts';
import type { CaEncryptOptions } from './ca-encrypt.ts';
import type { CaExportOptions } from './ca-export.ts';
import type { CaRenewIssuingOptions } from './ca-renew-issuing.ts';
import { configOf, withConfigOptions, type CommonOptions } from './options.ts';

export function addCa(program: Command, outcome: Outcome): void {
  const ca = program.command('ca').description('make and look at the CA, take its root key offline, encrypt its keys');
  withConfigOptions(ca.command('create'))
    .description('make a CA and nothing else; `init` then uses it')
    .option('--name <name>', 'begins the names of root and issuing CA (default qconn)')
    .action(async (options: CommonOptions & CaCreateOptions) => {
      const { caCreate } = await import('./ca-create.ts');
      outcome.code = await caCreate(configOf(options), options);
    });
  withConfigOptions(ca.command('renew-issuing'))
    .description('make a new issuing CA below the same root; the hub may run, and takes it over')
    .option('--root-key <file>', 'the root’s private key, if it is kept elsewhere; it is not kept here')
    .action(async (options: CommonOptions & CaRenewIssuingOptions) => {
      const { caRenewIssuing } = await import('./ca-renew-issuing.ts');
      outcome.code = await caRenewIssuing(configOf(options), options);
    });
  withConfigOptions(ca.command('show'))
    .description('names, validity, pin, and how the keys lie here; the hub may run')
    .action(async (options: CommonOptions) => {
      const { caShow } = await import('./ca-show.ts');
      outcome.code = await caShow(configOf(options), options);
    });
  withConfigOptions(ca.command('export'))
    .description('print the root certificate as PEM, or take the root’s key out')
    .option('--chain', 'print the issuing CA’s certificate, and those between it and the root, instead')
    .option('--root-key <file>', 'write the root’s private key to a new file of mode 0600')
    .option('--remove', 'with --root-key: then remove it here; the hub runs without it')
    .action(async (options: CommonOptions & CaExportOptions) => {
      const { caExport } = await import('./ca-export.ts');
      outcome.code = await caExport(configOf(options), options);
    });
  withConfigOptions(ca.command('encrypt'))
    .description('encrypt keys that are not, under the passphrase of the configuration; the hub may run')
    .option('--new-passphrase-file <file>', 'encrypt all keys under this one instead, which is then to be configured')
    .action(async (options: CommonOptions & CaEncryptOptions) => {
      const { caEncrypt } = await import('./ca-encrypt.ts');
      outcome.code = await caEncrypt(configOf(options), options);
    });
}
