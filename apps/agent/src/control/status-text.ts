import { duration } from '../words.ts';
import type { AgentStatus, DeviceStatus, OutboxStatus, RunningStatus } from './agent-status.ts';

/** A status for people. @param now milliseconds since 1970 */
export function statusText(status: AgentStatus, now: number): string {
  const expires = Date.parse(status.certificateExpiresAt);
  const rows: [string, string][] = [
    ['hub', status.hub],
    ['fingerprint', status.fingerprint],
    ['short code', status.shortCode],
    [
      'certificate',
      `${expires > now ? `expires in ${duration(expires - now)}` : `expired ${duration(now - expires)} ago`} (${status.certificateExpiresAt})`,
    ],
  ];
  if (!status.running) return lines('The agent does not run. Start it with: qconn-agent run', rows);
  const { machine, lastError } = status;
  if (machine !== null)
    rows.push([
      'approval',
      `${machine.status}${machine.status === 'authorized' ? `, roles: ${machine.roles.join(', ') || 'none'}` : ''}`,
    ]);
  if (lastError !== null)
    rows.push(['last error', `${lastError.message} (${lastError.code}, ${ago(lastError.at, now)})`]);
  if (lastError !== null && !isConnected(status)) rows.push(['what to do', lastError.action]);
  const { file, problem } = status.config;
  if (problem !== null) rows.push(['configuration', `the one in ${file} is not in force: ${problem}`]);
  return `${lines(headline(status, now), rows)}${devicesText(status)}${outboxesText(status.outboxes)}`;
}

function headline(status: RunningStatus, now: number): string {
  const process = `pid ${status.pid}, started ${ago(status.startedAt, now)}`;
  return `The agent ${phaseInWords(status)} (for ${duration(now - Date.parse(status.phaseSince))}; ${process}).`;
}

/** `is online as printer-pc`, and so on. */
export function phaseInWords({
  phase,
  machine,
  fingerprint,
  shortCode,
}: Pick<RunningStatus, 'phase' | 'machine' | 'fingerprint' | 'shortCode'>): string {
  switch (phase) {
    case 'online':
      return `is online as ${machine?.hostname ?? fingerprint}`;
    case 'pending':
      return `is connected and waits for approval: give an administrator the short code ${shortCode}`;
    case 'connecting':
      return 'is connecting to the hub';
    case 'backing_off':
      return 'is not connected and will try again';
    case 'stopped':
      return 'is stopping';
  }
}

function isConnected({ phase }: RunningStatus): boolean {
  return phase === 'online' || phase === 'pending';
}

/** A line for each device. */
export function devicesText({ devices, drained }: Pick<RunningStatus, 'devices' | 'drained'>): string {
  if (devices.length === 0) return '  no devices are configured\n';
  const width = Math.max(...devices.map(({ name }) => name.length));
  const note = drained ? '  drained: no device takes jobs until qconn-agent resume\n' : '';
  return note + devices.map((device) => `  ${deviceText(device, width)}\n`).join('');
}

function outboxesText(outboxes: readonly OutboxStatus[]): string {
  return outboxes
    .map(
      ({ folder, to, waiting, sent, failed, problem }) =>
        `  outbox ${folder}  to ${to}; ${sent} sent, ${waiting} waiting, ${failed} failed${problem === null ? '' : `; ${problem}`}\n`,
    )
    .join('');
}

function deviceText(device: DeviceStatus, width: number): string {
  const { name, serviceTypes, target, jobs, problem, permitted } = device;
  const refused = permitted === false ? '; no role lets this machine provide it' : '';
  const counts = `jobs: ${jobs.done} done, ${jobs.failed} failed, ${jobs.running} running`;
  return `device ${name.padEnd(width)}  ${serviceTypes.join(', ')} through ${target}; ${problem === null ? counts + refused : `not served: ${problem}`}`;
}

function ago(at: string, now: number): string {
  return `${duration(now - Date.parse(at))} ago`;
}

/** A headline, and what it is about in two columns. */
export function lines(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return `${title}\n${rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('')}`;
}
