import { isDeepStrictEqual } from 'node:util';
import { getAt, setAt, settingsOf, type Setting } from '@qconn/startup';
import type { HubConfig } from './hub-config.ts';
import { HUB_CONFIG_SCHEMA } from './hub-schema.ts';

/** One setting as an administrator may see it. */
export interface ShownSetting {
  /** Dotted, as in the configuration file. */
  readonly setting: string;
  /** `null` when it is not set, or is a secret. */
  readonly value: unknown;
  /** It is set, and never shown. */
  readonly secret: boolean;
  /** A reload puts a new value in force; others take a restart. */
  readonly reloadable: boolean;
}

/** One setting that a reload has changed. */
export interface ChangedSetting {
  readonly setting: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What came of a reload. */
export interface Reloaded {
  /** In force now. */
  readonly changed: readonly ChangedSetting[];
  /** Settings that were changed where they are read from, and that only a restart puts in force. */
  readonly needRestart: readonly string[];
}

const SETTINGS: ReadonlyMap<string, Setting> = settingsOf(HUB_CONFIG_SCHEMA);

/**
 * The hub's configuration while it runs. A reload reads and checks all of it, and puts the reloadable part in force in
 * one step; one that fails changes nothing.
 */
export class LiveSettings {
  readonly #read: () => HubConfig;
  readonly #listeners = new Set<(now: HubConfig) => void>();
  #current: HubConfig;
  #work: Promise<unknown> = Promise.resolve();

  /** @param read reads all sources anew @throws QconnError `config_invalid` */
  constructor(config: HubConfig, read: () => HubConfig) {
    this.#current = config;
    this.#read = read;
  }

  /** What is in force. */
  get current(): HubConfig {
    return this.#current;
  }

  /** Tells a listener of every configuration that comes into force from now on. It must not throw. */
  onChange(listener: (now: HubConfig) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Puts in force what the sources say now.
   * @param record writes down what is about to change; when it fails nothing changes
   * @throws QconnError `config_invalid` with every mistake; what `record` throws
   */
  reload(record: (changed: readonly ChangedSetting[]) => Promise<void>): Promise<Reloaded> {
    const reloaded = this.#work.then(() => this.#reload(record));
    this.#work = reloaded.catch(() => {});
    return reloaded;
  }

  /** Every setting and its value in force, secrets hidden. */
  show(): ShownSetting[] {
    return Array.from(SETTINGS, ([setting, { path, secret, reloadable }]) => {
      const value = getAt(this.#current, path) ?? null;
      const hidden = secret && value !== null;
      return { setting, value: hidden ? null : value, secret: hidden, reloadable };
    });
  }

  async #reload(record: (changed: readonly ChangedSetting[]) => Promise<void>): Promise<Reloaded> {
    const read = this.#read();
    const different = [...SETTINGS].filter(
      ([, { path }]) => !isDeepStrictEqual(getAt(this.#current, path), getAt(read, path)),
    );
    const next = structuredClone(this.#current);
    const changed: ChangedSetting[] = [];
    for (const [setting, { path, reloadable }] of different) {
      if (!reloadable) continue;
      const after = getAt(read, path);
      changed.push({ setting, before: getAt(this.#current, path), after });
      setAt(next as unknown as Record<string, unknown>, path, after);
    }
    const needRestart = different.flatMap(([setting, { reloadable }]) => (reloadable ? [] : [setting]));
    if (changed.length > 0) {
      await record(changed);
      this.#current = next;
      for (const listener of this.#listeners) listener(next);
    }
    return { changed, needRestart };
  }
}
