import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isSea } from 'node:sea';
import { QconnError } from '@qconn/protocol';
import { EXIT_OK } from '@qconn/startup';
import { configFile } from '../config/config-file.ts';
import { readConfig, type ConfigFlags } from '../config/read-config.ts';
import { systemdUnit } from '../service/systemd-unit.ts';

const UNIT = 'qconn-agent.service';
const UNIT_FOLDER = '/etc/systemd/system';
const USER = 'qconn-agent';

export interface InstallFlags extends ConfigFlags {
  readonly user?: string;
  readonly print?: boolean;
  readonly root?: string;
}

export interface UninstallFlags {
  readonly root?: string;
}

/** `qconn-agent install`. @returns the exit code @throws QconnError `usage`, `config_invalid` */
export function installCommand({ user = USER, print = false, root = '/', ...flags }: InstallFlags): number {
  const file = configFile(flags.config, process.env);
  if (file === undefined) throw new QconnError('usage', 'A service needs a configuration file: name it with --config.');
  const config = readConfig({ config: file }, ['credentials']);
  const command = [...thisProgram(), 'run', '--config', path.resolve(file)];
  const unit = systemdUnit({ config, command, user });
  if (print) {
    process.stdout.write(unit);
    return EXIT_OK;
  }
  const staged = path.resolve(root) !== '/';
  if (!staged) {
    mustBeRoot();
    ensureUser(user);
    handOver(config.credentials, user);
  }
  const place = path.join(root, UNIT_FOLDER, UNIT);
  mkdirSync(path.dirname(place), { recursive: true });
  writeFileSync(place, unit, { mode: 0o644 });
  process.stdout.write(`Wrote ${place}.\n`);
  if (staged || !systemdRuns()) {
    process.stdout.write(`systemd does not run here: start it later with \`systemctl enable --now ${UNIT}\`.\n`);
    return EXIT_OK;
  }
  systemctl('daemon-reload');
  systemctl('enable', UNIT);
  systemctl('restart', UNIT);
  process.stdout.write(`The agent runs as ${user} and starts with the system: systemctl status ${UNIT}\n`);
  return EXIT_OK;
}

/** `qconn-agent uninstall`. @returns the exit code @throws QconnError `usage` */
export function uninstallCommand({ root = '/' }: UninstallFlags): number {
  const staged = path.resolve(root) !== '/';
  if (!staged) mustBeRoot();
  const place = path.join(root, UNIT_FOLDER, UNIT);
  if (!existsSync(place)) {
    process.stdout.write(`There is no ${place}; nothing to do.\n`);
    return EXIT_OK;
  }
  const running = !staged && systemdRuns();
  if (running) systemctl('disable', '--now', UNIT);
  rmSync(place);
  if (running) systemctl('daemon-reload');
  process.stdout.write(`Removed ${place}. Configuration, credential and user stay.\n`);
  return EXIT_OK;
}

/** How this program was started, as absolute paths. */
function thisProgram(): string[] {
  if (isSea()) return [process.execPath];
  return [process.execPath, ...process.execArgv, path.resolve(process.argv[1] ?? '')];
}

function mustBeRoot(): void {
  if (process.getuid?.() !== 0)
    throw new QconnError('usage', 'Only root can install a service: run it with sudo, or add --print to see the unit.');
}

function ensureUser(user: string): void {
  if (
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .some((line) => line.startsWith(`${user}:`))
  )
    return;
  try {
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', user], { stdio: 'pipe' });
  } catch (cause) {
    throw new QconnError('usage', `The user ${user} cannot be added: ${reason(cause)}`, { cause });
  }
  process.stdout.write(`Added the user ${user}.\n`);
}

/** What root enrolled becomes the service's own. */
function handOver(credentials: string, user: string): void {
  if (!existsSync(credentials))
    throw new QconnError('credential_missing', `${credentials} is not there: enrol this machine first.`);
  const [uid, gid] = ['-u', '-g'].map((what) => Number(execFileSync('id', [what, user], { encoding: 'utf8' })));
  for (const entry of ['.', ...readdirSync(credentials)]) {
    chownSync(path.join(credentials, entry), uid as number, gid as number);
  }
}

/** sd_booted(3). */
function systemdRuns(): boolean {
  return existsSync('/run/systemd/system');
}

function systemctl(...words: string[]): void {
  try {
    execFileSync('systemctl', words, { stdio: 'pipe' });
  } catch (cause) {
    throw new QconnError('usage', `systemctl ${words.join(' ')} failed: ${reason(cause)}`, { cause });
  }
}

function reason(error: unknown): string {
  const { stderr, message } = error as { stderr?: Buffer; message: string };
  return stderr?.toString().trim() || message;
}
