import { watch, type FSWatcher } from 'node:fs';
import path from 'node:path';
import { isQconnError, QconnError } from '@qconn/protocol';
import type { Clock, Timer } from '@qconn/clock';
import type { Logger } from '@qconn/startup';
import type { AgentConfig } from '../config/agent-config.ts';
import type { ConfigStatus } from '../control/agent-status.ts';
import type { DeviceChanges } from './devices.ts';

/** Editors write a file in several steps: it is read when it has been quiet for this long, in milliseconds. */
const SETTLE_MS = 200;

/** What reloading works with. */
export interface ReloadingDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  /** Reads the configuration anew. @throws QconnError `config_invalid` with every mistake */
  readonly read: () => AgentConfig;
  /** Puts the devices and whatever else can change into force. */
  readonly apply: (config: AgentConfig) => Promise<DeviceChanges>;
}

/** What a reload did. */
export interface ReloadReport extends DeviceChanges {
  /** Settings that changed and count only from the next start on. */
  readonly atNextStart: readonly string[];
}

/**
 * Keeps the configuration in force the one that is written: when the file changes, on SIGHUP and when asked, the difference
 * is applied without dropping the connection. A configuration with a mistake changes nothing.
 */
export class Reloading {
  readonly #dependencies: ReloadingDependencies;
  readonly #file: string | undefined;
  readonly #onSignal = (): void => void this.#reloadAndTell();
  #config: AgentConfig;
  #readAt: number;
  #problem: string | undefined;
  #watcher: FSWatcher | undefined;
  #settling: Timer | undefined;
  #reloads: Promise<unknown> = Promise.resolve();

  /** @param file that the configuration came from; `undefined` when there is none to watch */
  constructor(config: AgentConfig, file: string | undefined, dependencies: ReloadingDependencies) {
    this.#config = config;
    this.#file = file;
    this.#dependencies = dependencies;
    this.#readAt = dependencies.clock.now();
  }

  /** In force now. */
  get config(): AgentConfig {
    return this.#config;
  }

  get status(): ConfigStatus {
    return {
      file: this.#file ?? null,
      readAt: new Date(this.#readAt).toISOString(),
      problem: this.#problem ?? null,
    };
  }

  /** Begins to watch the file and to listen to SIGHUP. */
  start(): void {
    process.on('SIGHUP', this.#onSignal);
    if (this.#file === undefined) return;
    try {
      // The folder: editors and configuration tools put a new file in the old one's place.
      this.#watcher = watch(path.dirname(this.#file), () => this.#noticed());
      this.#watcher.on('error', (error) => this.#blind(error));
    } catch (error) {
      this.#blind(error);
    }
  }

  /** One reload after the other. @throws QconnError `config_invalid`; then nothing has changed */
  reload(): Promise<ReloadReport> {
    const report = this.#reloads.then(() => this.#reload());
    this.#reloads = report.catch(() => {});
    return report;
  }

  async close(): Promise<void> {
    process.off('SIGHUP', this.#onSignal);
    this.#watcher?.close();
    this.#settling?.cancel();
    await this.#reloads;
  }

  #noticed(): void {
    this.#settling?.cancel();
    this.#settling = this.#dependencies.clock.setTimer(SETTLE_MS, () => {
      if (this.#changed()) void this.#reloadAndTell();
    });
  }

  /** Whether what is written differs from what is in force. A mistake is a difference, once. */
  #changed(): boolean {
    try {
      const same = JSON.stringify(this.#dependencies.read()) === JSON.stringify(this.#config);
      return !same || this.#problem !== undefined;
    } catch (error) {
      return messageOf(error) !== this.#problem;
    }
  }

  async #reload(): Promise<ReloadReport> {
    const { read, apply, clock } = this.#dependencies;
    const before = this.#config;
    const config = this.#read(read);
    this.#problem = undefined;
    this.#readAt = clock.now();
    this.#config = config;
    return { ...(await apply(config)), atNextStart: onlyAtStart(before, config) };
  }

  #read(read: () => AgentConfig): AgentConfig {
    try {
      return read();
    } catch (error) {
      this.#problem = messageOf(error);
      throw error instanceof QconnError ? error : new QconnError('internal', undefined, { cause: error });
    }
  }

  async #reloadAndTell(): Promise<void> {
    const { log } = this.#dependencies;
    try {
      const report = await this.reload();
      log.info(report, `configuration read again: ${reportText(report)}`);
    } catch (error) {
      const what = isQconnError(error, 'config_invalid') ? messageOf(error) : 'it could not be applied.';
      log.error({ err: error }, `the new configuration is refused, the old one stays: ${what}`);
    }
  }

  #blind(error: unknown): void {
    this.#watcher?.close();
    this.#dependencies.log.warn(
      { err: error },
      `${this.#file} cannot be watched: after an edit, use qconn-agent reload or SIGHUP`,
    );
  }
}

/** What a reload did, for people. */
export function reportText({ added, changed, removed, atNextStart }: ReloadReport): string {
  const parts = [
    added.length > 0 && `added ${added.join(', ')}`,
    changed.length > 0 && `changed ${changed.join(', ')}`,
    removed.length > 0 && `removed ${removed.join(', ')}`,
    atNextStart.length > 0 && `${atNextStart.join(', ')} will count from the next start on`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? 'no device has changed' : parts.join('; ');
}

/** Who this machine is and where it connects is settled when it starts. */
function onlyAtStart(before: AgentConfig, after: AgentConfig): string[] {
  const settled: readonly (keyof AgentConfig)[] = ['hub', 'credentials', 'hostname'];
  const fixed: string[] = settled.filter((name) => before[name] !== after[name]);
  return before.log.format === after.log.format ? fixed : [...fixed, 'log.format'];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
