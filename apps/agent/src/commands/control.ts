import { once } from 'node:events';
import { EXIT_OK } from '@qconn/startup';
import { readConfig, type ConfigFlags } from '../config/read-config.ts';
import { askAgent, commandAgent, readAnswer, running } from '../control/ask-agent.ts';
import type { RunningStatus } from '../control/agent-status.ts';
import { socketPath } from '../control/socket-path.ts';
import { devicesText } from '../control/status-text.ts';
import { reportText, type ReloadReport } from '../run/reloading.ts';
import { DRAIN_MS } from '../run/agent.ts';

export interface ControlFlags extends ConfigFlags {
  readonly json?: boolean;
}

export interface LogsFlags extends ConfigFlags {
  readonly follow?: boolean;
  readonly lines?: string;
}

/** A job that runs may take its time, a hub too, in milliseconds. */
const DRAIN_DEADLINE_MS: number = 60 * DRAIN_MS;
const RENEW_DEADLINE_MS = 30_000;

/** `qconn-agent devices`. @returns the exit code @throws QconnError `invalid_state` when no agent runs */
export async function devicesCommand(flags: ControlFlags): Promise<number> {
  const status = (await ask(flags, 'GET /status')) as RunningStatus;
  write(flags, status.devices, devicesText(status));
  return EXIT_OK;
}

/** `qconn-agent drain`. @returns the exit code @throws QconnError */
export async function drainCommand(flags: ControlFlags): Promise<number> {
  const done = (await ask(flags, 'POST /drain', DRAIN_DEADLINE_MS)) as { devices: number };
  write(
    flags,
    done,
    `Drained: ${count(done.devices, 'device')} taken back, no job runs. qconn-agent resume serves them again.\n`,
  );
  return EXIT_OK;
}

/** `qconn-agent resume`. @returns the exit code @throws QconnError */
export async function resumeCommand(flags: ControlFlags): Promise<number> {
  const done = (await ask(flags, 'POST /resume', RENEW_DEADLINE_MS)) as { devices: number };
  write(flags, done, `Serving ${count(done.devices, 'device')}.\n`);
  return EXIT_OK;
}

/** `qconn-agent renew`. @returns the exit code @throws QconnError */
export async function renewCommand(flags: ControlFlags): Promise<number> {
  const done = (await ask(flags, 'POST /renew', RENEW_DEADLINE_MS)) as { certificateExpiresAt: string };
  write(flags, done, `The certificate was renewed; it expires at ${done.certificateExpiresAt}.\n`);
  return EXIT_OK;
}

/** `qconn-agent reload`. @returns the exit code @throws QconnError `config_invalid`: nothing has changed then */
export async function reloadCommand(flags: ControlFlags): Promise<number> {
  const report = (await ask(flags, 'POST /reload', RENEW_DEADLINE_MS)) as ReloadReport;
  write(flags, report, `The configuration was read again: ${reportText(report)}.\n`);
  return EXIT_OK;
}

/** `qconn-agent logs`. Ends with the agent, or on a signal. @returns the exit code @throws QconnError */
export async function logsCommand({ follow, lines, ...flags }: LogsFlags): Promise<number> {
  const query = new URLSearchParams({ ...(lines && { lines }), ...(follow === true && { follow: 'true' }) });
  const answer = running(await askAgent(socketOf(flags), `GET /logs?${query.toString()}`));
  if (answer.statusCode !== 200) await readAnswer(answer);
  answer.on('error', () => {}); // The agent has stopped: so does its log.
  answer.pipe(process.stdout, { end: false });
  await once(answer, 'close');
  return EXIT_OK;
}

function ask(flags: ConfigFlags, route: string, deadlineMs?: number): Promise<unknown> {
  return commandAgent(socketOf(flags), route, { deadlineMs });
}

function socketOf(flags: ConfigFlags): string {
  return socketPath(readConfig(flags, ['credentials']).credentials);
}

function write({ json }: ControlFlags, value: unknown, text: string): void {
  process.stdout.write(json === true ? `${JSON.stringify(value)}\n` : text);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
