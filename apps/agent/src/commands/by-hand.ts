import { writeFileSync } from 'node:fs';
import { QconnError, requestByHand } from '@qconn/client';
import { EXIT_OK } from '@qconn/startup';
import { credentialStore } from '../config/credential-store.ts';
import { readConfig, type ConfigFlags } from '../config/read-config.ts';
import { readInput } from './read-input.ts';

/** Most bytes of a file from the hub: it has a few certificates. */
const ANSWER_MAX_BYTES: number = 256 * 1024;

/** `qconn-agent enroll --csr-out`: a request to be carried to the hub. The key stays here. @throws QconnError `usage`; as `requestByHand` */
export async function writeRequest(path: string, flags: ConfigFlags & { readonly json?: boolean }): Promise<number> {
  const config = readConfig(flags, ['credentials']);
  const { credentials } = config;
  const { csrPem, fingerprint } = await requestByHand(await credentialStore(config));
  if (path === '-') {
    process.stdout.write(csrPem);
    return EXIT_OK;
  }
  try {
    writeFileSync(path, csrPem, { flag: 'wx' });
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'EEXIST' ? 'exists already' : 'cannot be written';
    throw new QconnError('usage', `${path} ${why}.`, { cause });
  }
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ fingerprint, csr: path, credentials })}\n`
      : `The request of ${fingerprint} is in ${path}.

Next:
  1. At the hub: qconn-hub certs issue-machine --hostname NAME --csr ${path} --out enrolment.json
  2. Here: qconn-agent enroll --from enrolment.json
`,
  );
  return EXIT_OK;
}

/** The text of the file that the hub wrote; `-` for standard input. @throws QconnError `usage` */
export function readAnswer(path: string): string {
  const content = readInput(path, 'enrolment file');
  if (content.length > ANSWER_MAX_BYTES)
    throw new QconnError('usage', `${path} is too long to be an enrolment from a hub.`);
  return content.toString('utf8');
}
