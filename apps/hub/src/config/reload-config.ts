import type { Logger } from '@qconn/startup';
import type { Act, Store } from '@qconn/store';
import type { ChangedSetting, LiveSettings, Reloaded } from './live-settings.ts';

/** What a reload works with. */
export interface ReloadDependencies {
  readonly settings: LiveSettings;
  readonly store: Pick<Store, 'audit'>;
  readonly log: Logger;
}

/**
 * Reads the configuration anew, with an audit row of what changes, and says in the log what came of it.
 * @throws QconnError `config_invalid` with every mistake, `database_unavailable`: then everything is as it was
 */
export async function reloadConfig({ settings, store, log }: ReloadDependencies, act: Act): Promise<Reloaded> {
  const record = async (changed: readonly ChangedSetting[]): Promise<void> =>
    store.audit.note({
      ...act,
      act: 'config.reload',
      subject: 'hub',
      before: valuesOf(changed, 'before'),
      after: valuesOf(changed, 'after'),
    });
  try {
    const reloaded = await settings.reload(record);
    log.info({ event: 'config_reloaded', actor: act.actor, ...reloaded }, 'The configuration was read anew.');
    if (reloaded.needRestart.length > 0)
      log.warn(
        { event: 'config_needs_restart', settings: reloaded.needRestart },
        'Settings have changed that only a restart puts in force.',
      );
    return reloaded;
  } catch (error) {
    log.error(
      { event: 'config_not_reloaded', actor: act.actor, err: error },
      'The configuration was not reloaded; the one before stays in force.',
    );
    throw error;
  }
}

function valuesOf(changed: readonly ChangedSetting[], when: 'before' | 'after'): Record<string, unknown> {
  return Object.fromEntries(changed.map((each) => [each.setting, each[when] ?? null]));
}
