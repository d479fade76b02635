import { open, readFile, rm } from 'node:fs/promises';
import { systemClock } from '@qconn/clock';
import { csrFromPem, generateSecret, hashSecret, type Secret } from '@qconn/identity';
import { isHostname, QconnError } from '@qconn/protocol';
import { EXIT_OK } from '@qconn/startup';
import type { Store } from '@qconn/store';
import { admissionAnswer, type AdmissionAnswer } from '../admission/admission-answer.ts';
import { MachineCertificates } from '../admission/certificates.ts';
import { certificateOptions } from '../config/certificate-options.ts';
import type { HubConfig } from '../config/hub-config.ts';
import { openHubAuthority, openStoreOfHub } from '../initialise.ts';

export interface IssueMachineOptions {
  readonly hostname: string;
  /** File of the machine's request, PEM. */
  readonly csr: string;
  /** File for what the machine is to be given; standard output when left out. */
  readonly out?: string;
  /** Authorizes the machine at once, if the hostname is free. */
  readonly approve?: boolean;
  readonly role?: readonly string[];
  readonly json?: boolean;
}

/** How long the token lives that stands for this command in the store, in milliseconds: it is redeemed at once. */
const TOKEN_TTL_MS = 60_000;

/** Whoever has a shell on the hub's host; the same as in other commands that work on the store. */
const ACTOR = 'hub-host';

/**
 * `qconn-hub certs issue-machine`: an enrolment without a network. It goes the way of every enrolment, by a token for one use
 * that nobody sees, so the same rules hold and the same audit rows are written.
 * @throws QconnError `usage`, `hostname_invalid`, `csr_…`, `unknown_role`, `revoked`, `data_locked`; as `openHubAuthority`
 */
export async function issueMachine(config: HubConfig, options: IssueMachineOptions): Promise<number> {
  const { approve = false, role: roles = [] } = options;
  const hostname = options.hostname.toLowerCase();
  if (!isHostname(hostname)) throw new QconnError('hostname_invalid', `${hostname} is no usable hostname.`);
  if (roles.length > 0 && !approve) throw new QconnError('usage', '--role goes with --approve.');
  const { quicPort } = config.listen;
  if (quicPort === 0 && config.advertise.length === 0)
    throw new QconnError('usage', 'The machine must be told where the hub is: set advertise or listen.quicPort.');
  const csr = csrFromPem(await readRequest(options.csr));
  const file = options.out === undefined ? undefined : await createFile(options.out);
  try {
    const answer = await issue(config, { csr, hostname, roles, autoApprove: approve });
    const text = `${JSON.stringify(answer, undefined, 2)}\n`;
    if (file === undefined) {
      process.stdout.write(text);
      return EXIT_OK;
    }
    await file.writeFile(text);
    await file.sync();
    process.stdout.write(
      options.json === true ? `${JSON.stringify(answer.machine)}\n` : issuedText(answer.machine, hostname),
    );
    return EXIT_OK;
  } catch (error) {
    // Asking again is safe, and must not find half a file in its way.
    if (options.out !== undefined) await rm(options.out, { force: true });
    throw error;
  } finally {
    await file?.close();
  }
}

/** What the store is asked for. */
interface Wishes {
  readonly hostname: string;
  readonly roles: readonly string[];
  readonly autoApprove: boolean;
}

async function issue(
  config: HubConfig,
  { csr, ...wishes }: Wishes & { readonly csr: Uint8Array },
): Promise<AdmissionAnswer> {
  const store = await openStoreOfHub(config);
  try {
    const authority = await openHubAuthority(config, store);
    const certificates = new MachineCertificates({ clock: systemClock, store, authority }, certificateOptions(config));
    const token = await createToken(store, authority.issuing.rootPin, wishes);
    const enrolled = await certificates.enrol({ token, csr, hostname: wishes.hostname, facts: {} });
    const { advertise, listen } = config;
    return admissionAnswer(enrolled.enrolment, enrolled, { advertise, quicPort: listen.quicPort });
  } finally {
    await store.close();
  }
}

async function createToken(store: Store, pin: Uint8Array, wishes: Wishes): Promise<Secret> {
  const token = generateSecret('qt', pin);
  const now = systemClock.now();
  const secretHash = hashSecret(token.secret);
  const expiresAt = now + TOKEN_TTL_MS;
  await store.tokens.create({ ...wishes, id: token.idText, secretHash, uses: 1, expiresAt, actor: ACTOR, now });
  return token;
}

async function readRequest(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new QconnError('usage', `The request ${path} cannot be read.`, { cause });
  });
}

/** Before anything is issued: what cannot be written is not issued. */
async function createFile(path: string): ReturnType<typeof open> {
  return open(path, 'wx', 0o644).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'EEXIST' ? 'exists already' : 'cannot be written';
    throw new QconnError('usage', `${path} ${why}.`, { cause });
  });
}

function issuedText(
  { fingerprint, shortCode, status, notApproved }: AdmissionAnswer['machine'],
  hostname: string,
): string {
  const why = notApproved === undefined ? '' : `Not approved: ${notApproved}\n`;
  const next =
    status === 'authorized'
      ? `It is authorized.`
      : `${why}It is ${status}; approve it with: qconn approve ${shortCode}`;
  return `Issued for ${hostname}, short code ${shortCode}.\n  ${fingerprint}\n${next}\n`;
}
