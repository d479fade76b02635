import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { HubProcess } from '../hub-process.ts';
import { type Ran, runQconn, type RunOptions } from '../command-line.ts';

/** An administrator of a hub: runs commands with a profile of their own. */
export class Admin {
  readonly hub: HubProcess;
  readonly configFolder: string;

  constructor(hub: HubProcess, configFolder: string) {
    this.hub = hub;
    this.configFolder = configFolder;
  }

  static async withoutProfile(hub: HubProcess): Promise<Admin> {
    return new Admin(hub, await mkdtemp(join(hub.folder, 'config-')));
  }

  run(argv: readonly string[], { env, ...options }: RunOptions = {}): Promise<Ran> {
    return runQconn(argv, { env: { XDG_CONFIG_HOME: this.configFolder, ...env }, ...options });
  }

  /** Runs a command that has to succeed. @returns standard output */
  async ok(...argv: readonly string[]): Promise<string> {
    const { code, out, err } = await this.run(argv);
    expect(code, `${argv.join(' ')}: ${err}`).toBe(0);
    return out;
  }

  async json<T = never>(...argv: readonly string[]): Promise<T> {
    return JSON.parse(await this.ok(...argv, '--json')) as T;
  }

  /** Enrols a machine and approves it. @returns its credential folder */
  async machine(hostname: string, roles: string): Promise<string> {
    const folder = await this.pending(hostname);
    await this.ok('approve', hostname, '--roles', roles, '--yes');
    return folder;
  }

  /** Enrols a machine. @returns its credential folder */
  async pending(hostname: string): Promise<string> {
    const folder = join(await mkdtemp(join(this.hub.folder, 'machine-')), 'credentials');
    const token = (await this.ok('token', 'create')).trim();
    const { code, err } = await this.run(
      ['enroll', this.hub.url, '--token', '-', '--hostname', hostname, '--credentials', folder],
      { stdin: `${token}\n` },
    );
    expect(code, err).toBe(0);
    return folder;
  }
}
