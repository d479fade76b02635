import { enroll, enrollByHand, QconnError, refuseEnrolled, type Enrolment } from '@qconn/client';
import { EXIT_OK } from '@qconn/startup';
import { credentialStore } from '../config/credential-store.ts';
import { readConfig, type ConfigFlags } from '../config/read-config.ts';
import { askStatus } from '../control/ask-agent.ts';
import { socketPath } from '../control/socket-path.ts';
import { lines } from '../control/status-text.ts';
import { AGENT } from '../version.ts';
import { readAnswer, writeRequest } from './by-hand.ts';
import { readToken, type TokenFlags } from './token.ts';
import { waitForApproval } from './wait-for-approval.ts';

export interface EnrollFlags extends ConfigFlags, TokenFlags {
  readonly csrOut?: string;
  readonly from?: string;
  readonly force?: boolean;
  readonly newKey?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** `qconn-agent enroll`. @returns the exit code @throws QconnError */
export async function enrollCommand(flags: EnrollFlags): Promise<number> {
  if (flags.csrOut !== undefined) return writeRequest(flags.csrOut, flags);
  const config = readConfig(flags, ['hub', 'credentials']);
  const { hub, credentials, hostname } = config;
  const proof =
    flags.from === undefined ? { token: readToken(flags, process.env) } : { answer: readAnswer(flags.from) };
  const store = await credentialStore(config);
  const running = (await askStatus(socketPath(credentials))) !== undefined;
  if (flags.force !== true && flags.newKey !== true) await refuseEnrolled(store);
  if (running && flags.wait === true)
    throw new QconnError('agent_running', 'An agent runs with this folder; stop it before enrolling with --wait.');
  const enrolment =
    'token' in proof
      ? await enroll({ hub, token: proof.token, store, hostname, newKey: flags.newKey, agent: AGENT })
      : await enrollByHand({ hub, answer: proof.answer, store });
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ ...enrolment, hub, credentials })}\n`
      : enrolmentText(enrolment, hub, credentials),
  );
  if (running) process.stderr.write('An agent is running with the credential that was here before: restart it.\n');
  if (flags.wait !== true) {
    if (flags.json !== true) process.stdout.write(nextSteps(enrolment, runCommandLine(flags)));
    return EXIT_OK;
  }
  return waitForApproval(store, enrolment.shortCode, runCommandLine(flags));
}

function enrolmentText(
  { fingerprint, shortCode, status, notApproved }: Enrolment,
  hub: string,
  credentials: string,
): string {
  return lines(`Enrolled with ${hub}.`, [
    ['fingerprint', fingerprint],
    ['short code', shortCode],
    ['status', status],
    ...(notApproved === undefined ? [] : ([['not approved', notApproved]] as const)),
    ['credential', credentials],
  ]);
}

function nextSteps({ shortCode, status }: Enrolment, start: string): string {
  if (status === 'authorized') return `\nNext: start the agent with \`${start}\`.\n`;
  return `
Next:
  1. Start the agent with \`${start}\`; it waits for approval by itself.
  2. Ask an administrator to approve this machine. They see the same short code, and run
     qconn approve ${shortCode}
`;
}

/** The command that runs the agent with what this one was given. */
function runCommandLine({ config, credentials }: ConfigFlags): string {
  const flags = [config && ` --config ${config}`, credentials && ` --credentials ${credentials}`];
  return `qconn-agent run${flags.filter(Boolean).join('')}`;
}
