import { X509Certificate } from 'node:crypto';
import { pinOfCertificate } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import { EXIT_OK } from '@qconn/startup';
import { readAuthority } from '../authority/authority-files.ts';
import { authorityFolder } from '../authority/authority-folders.ts';
import { keyState, type KeyState } from '../authority/key-state.ts';
import type { HubConfig } from '../config/hub-config.ts';

/** `qconn-hub ca show`. Needs no passphrase, and the hub may run. @throws QconnError as `readAuthority` */
export async function caShow(config: HubConfig, options: { readonly json?: boolean }): Promise<number> {
  const folder = authorityFolder(config.dataFolder);
  const stored = await readAuthority(folder);
  const [root, issuing] = [certificate(stored.rootPem, 'root'), certificate(stored.issuingPem, 'issuing')];
  const shown = {
    folder,
    pin: Buffer.from(pinOfCertificate(root.raw)).toString('hex'),
    root: { ...facts(root), key: keyState(stored.rootKeyPem) },
    issuing: { ...facts(issuing), key: keyState(stored.issuingKeyPem) },
  };
  process.stdout.write(options.json === true ? `${JSON.stringify(shown)}\n` : authorityText(shown));
  return EXIT_OK;
}

function certificate(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new QconnError('ca_unusable', `The ${what} certificate cannot be read.`, { cause });
  }
}

function facts({ subject, validFromDate, validToDate }: X509Certificate): {
  readonly subject: string;
  readonly notBefore: string;
  readonly notAfter: string;
} {
  return {
    subject: subject.replaceAll('\n', ', '),
    notBefore: validFromDate.toISOString(),
    notAfter: validToDate.toISOString(),
  };
}

const KEY_IN_WORDS: Readonly<Record<KeyState, string>> = {
  encrypted: 'here, encrypted',
  plain: 'here, not encrypted',
  absent: 'not here',
};

type ShownCertificate = ReturnType<typeof facts> & { readonly key: KeyState };

function authorityText(shown: {
  readonly folder: string;
  readonly pin: string;
  readonly root: ShownCertificate;
  readonly issuing: ShownCertificate;
}): string {
  return `folder      ${shown.folder}
root pin    ${shown.pin}
${certificateText('root', shown.root)}${certificateText('issuing', shown.issuing)}`;
}

function certificateText(name: string, { subject, notBefore, notAfter, key }: ShownCertificate): string {
  return `${name.padEnd(12)}${subject}
            valid ${notBefore} to ${notAfter}
            key ${KEY_IN_WORDS[key]}
`;
}
