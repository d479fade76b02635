import { access, constants } from 'node:fs/promises';
import { connect, type ClientEvent, type Client } from '@qconn/client';
import type { Clock } from '@qconn/clock';
import { inspectCredential, shortCode, type Credential } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import type { AgentConfig, DeviceConfig } from '../config/agent-config.ts';
import { credentialStore } from '../config/credential-store.ts';
import { otherHub } from '../config/other-hub.ts';
import { askStatus } from '../control/ask-agent.ts';
import type { RunningStatus } from '../control/agent-status.ts';
import { socketPath } from '../control/socket-path.ts';
import { AGENT } from '../version.ts';
import { duration } from '../words.ts';
import { checkAdapter } from './check-adapter.ts';
import { checkClock, checkHttps, checkNames, checkQuic } from './check-network.ts';
import { failure, ok, skipped, thrown, warning, type Finding } from './finding.ts';

/** Longest wait for the hub's welcome, in milliseconds. */
const WELCOME_MS = 10_000;

/**
 * Goes the way that the agent goes, step by step: credential, name, HTTPS, clock, QUIC, what the hub says of this machine,
 * and what its devices need.
 * @param tell told of each finding as it is made
 */
export async function examine(
  config: AgentConfig,
  clock: Clock,
  tell: (finding: Finding) => void,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const add = (...found: Finding[]): void => {
    findings.push(...found);
    found.forEach(tell);
  };
  const credential = await checkCredential(config, clock, add);
  if (credential === undefined) add(skipped('hub', 'without a credential nobody knows which hub is meant'));
  else await checkHub(config, credential, clock, add);
  for (const device of config.devices) add(await checkAdapter(device));
  for (const { folder } of config.outboxes) add(await checkOutbox(folder));
  return findings;
}

async function checkCredential(
  config: AgentConfig,
  clock: Clock,
  add: (finding: Finding) => void,
): Promise<Credential | undefined> {
  try {
    const warnings: string[] = [];
    const store = await credentialStore(config, (message) => warnings.push(message));
    const credential = await store.load();
    const { fingerprint, notAfterMs, notBeforeMs } = await inspectCredential(credential);
    for (const message of warnings) add(warning('credential', message, 'It mends itself with the next renewal.'));
    add(validity(fingerprint, notBeforeMs, notAfterMs, clock.now()));
    return credential;
  } catch (error) {
    add(thrown('credential', error));
    return undefined;
  }
}

function validity(fingerprint: string, notBeforeMs: number, notAfterMs: number, now: number): Finding {
  const who = `${fingerprint} (${shortCode(fingerprint)})`;
  if (now > notAfterMs)
    return failure(
      'credential',
      `the certificate of ${who} expired ${duration(now - notAfterMs)} ago`,
      'Check this machine’s clock. If it is right, start the agent: the hub renews what expired lately; otherwise enrol again.',
    );
  if (now < notBeforeMs)
    return failure(
      'credential',
      `the certificate of ${who} is valid only in ${duration(notBeforeMs - now)}`,
      'Set this machine’s clock.',
    );
  return ok('credential', `${who}, valid for another ${duration(notAfterMs - now)}`);
}

async function checkHub(
  config: AgentConfig,
  credential: Credential,
  clock: Clock,
  add: (...findings: Finding[]) => void,
): Promise<void> {
  const other = otherHub(config, credential.hub.https);
  if (other !== undefined)
    add(
      warning(
        'hub',
        other,
        'Where the hub has moved, enrol again with a token of it (--force; the key stays); else mend the configuration.',
      ),
    );
  add(...(await checkNames([new URL(credential.hub.https).hostname, ...credential.hub.quic.map(({ host }) => host)])));
  const { findings, skewMs } = await checkHttps(credential, clock);
  add(...findings, checkClock(skewMs));
  const quic = await checkQuic(credential, clock);
  add(...quic);
  const running = await askStatus(socketPath(config.credentials));
  if (running === 'silent')
    add(failure('agent', 'it runs, but it does not answer', 'Look at its log; restart it if it hangs.'));
  else if (running !== undefined) add(...statusOf(running));
  else if (quic.some(({ state }) => state === 'ok')) add(...(await askHub(config, clock)));
  else add(skipped('standing', 'the hub cannot be asked without QUIC'));
}

/** What a running agent has heard from the hub. */
function statusOf({ phase, machine, lastError, devices, shortCode: code, pid, config }: RunningStatus): Finding[] {
  const findings = [ok('agent', `runs with pid ${pid}`)];
  if (config.problem !== null)
    findings.push(warning('configuration', `the agent runs with an older one: ${config.problem}`, 'Mend it.'));
  if (phase === 'online' || phase === 'pending') findings.push(standing(machine?.status, machine?.roles ?? [], code));
  else
    findings.push(
      failure('standing', `the agent is not connected: ${lastError?.message ?? phase}`, lastError?.action ?? 'Wait.'),
    );
  for (const { name, problem, permitted } of devices) {
    if (problem !== null) findings.push(failure(`device ${name}`, `is not served: ${problem}`, 'Mend it and reload.'));
    else if (permitted === false) findings.push(notPermitted(name));
  }
  return findings;
}

function standing(status: string | undefined, roles: readonly string[], code: string): Finding {
  if (status === 'pending')
    return failure(
      'standing',
      `the machine waits for approval; its short code is ${code}`,
      `Give the short code to an administrator, who runs: qconn approve ${code}`,
    );
  if (roles.length === 0)
    return warning('standing', 'the machine is authorized, but has no role', 'Ask an administrator for roles.');
  return ok('standing', `authorized, with ${roles.length === 1 ? 'the role' : 'the roles'} ${roles.join(', ')}`);
}

function notPermitted(device: string): Finding {
  return warning(
    `device ${device}`,
    'no role lets this machine provide it: its jobs are refused',
    'Ask an administrator for a role that grants provide on its service types (qconn explain tells).',
  );
}

/** No agent runs: connects in its place, for a moment, and offers the devices to learn whether the policy takes them. */
async function askHub(config: AgentConfig, clock: Clock): Promise<Finding[]> {
  const { devices } = config;
  const client = await connect({ credentials: await credentialStore(config), agent: `${AGENT} doctor` });
  const deadline = new AbortController();
  const timer = clock.setTimer(WELCOME_MS, () => deadline.abort());
  try {
    const events = client.events();
    const { status, roles, shortCode: code } = await client.connected({ signal: deadline.signal });
    const findings = [ok('agent', 'does not run; start it with: qconn-agent run'), standing(status, roles, code)];
    if (status !== 'authorized') return findings;
    const permitted = await offer(client, devices, events);
    return [
      ...findings,
      ...devices.filter(({ name }) => permitted.get(name) === false).map(({ name }) => notPermitted(name)),
    ];
  } catch (error) {
    return [thrown('standing', error)];
  } finally {
    timer.cancel();
    await client.close(0);
  }
}

async function offer(
  client: Client,
  devices: readonly DeviceConfig[],
  events: AsyncIterableIterator<ClientEvent>,
): Promise<Map<string, boolean>> {
  const permitted = new Map<string, boolean>();
  const busy = (): never => {
    throw new QconnError('rejected', 'This machine is being examined by qconn-agent doctor; send it again.');
  };
  for (const { name, serviceTypes } of devices) {
    await client.provide({ device: name, serviceTypes }, busy);
    permitted.set(name, await permission(name, events));
  }
  return permitted;
}

/** What the hub has said of a device. The events are read on for the next one, so this is no loop over them, which would end them. */
async function permission(device: string, events: AsyncIterator<ClientEvent>): Promise<boolean> {
  for (;;) {
    const { done, value } = await events.next();
    if (done === true)
      throw new QconnError('closed', 'The connection ended before the hub had said what it may provide.');
    if (value.kind === 'provided' && value.device === device) return value.permitted;
  }
}

async function checkOutbox(folder: string): Promise<Finding> {
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok(`outbox ${folder}`, 'can be read and written');
  } catch (error) {
    return failure(
      `outbox ${folder}`,
      (error as Error).message,
      'Make the folder, and let the agent’s user read and write there.',
    );
  }
}
