import { QconnError } from '@qconn/protocol';
import { settingsOf } from '@qconn/startup';
import { beforeEach, describe, expect, test } from 'vitest';
import { loadHubConfig, type HubConfig } from '../../src/config/hub-config.ts';
import { HUB_CONFIG_SCHEMA } from '../../src/config/hub-schema.ts';
import { LiveSettings, type ChangedSetting } from '../../src/config/live-settings.ts';

let sources: () => HubConfig;
let settings: LiveSettings;
let told: HubConfig[];
let recorded: (readonly ChangedSetting[])[];

beforeEach(() => {
  sources = () => loadHubConfig({});
  settings = new LiveSettings(loadHubConfig({}), () => sources());
  told = [];
  recorded = [];
  settings.onChange((now) => told.push(now));
});

function withEnvironment(environment: Readonly<Record<string, string>>): void {
  sources = () => loadHubConfig({ environment });
}

const reload = (): ReturnType<LiveSettings['reload']> =>
  settings.reload(async (changed) => void recorded.push(changed));

describe('a reload', () => {
  test('puts what has changed in force, all of it at once, after it was written down', async () => {
    withEnvironment({ QCONN_HUB_LIMITS_MESSAGES_PER_SECOND: '7', QCONN_HUB_LOG_LEVEL: 'debug' });
    let inForceWhenRecorded: number | undefined;
    const { changed, needRestart } = await settings.reload(async () => {
      inForceWhenRecorded = settings.current.limits.messagesPerSecond;
    });
    expect(changed).toEqual([
      { setting: 'limits.messagesPerSecond', before: 100_000, after: 7 },
      { setting: 'log.level', before: 'info', after: 'debug' },
    ]);
    expect(needRestart).toEqual([]);
    expect(inForceWhenRecorded).toBe(100_000);
    expect(told).toEqual([settings.current]);
    expect(settings.current).toEqual(sources());
  });

  test('names what only a restart puts in force, and leaves it as it was', async () => {
    withEnvironment({
      QCONN_HUB_LISTEN_QUIC_PORT: '9000',
      QCONN_HUB_DRAIN_MS: '5',
      QCONN_HUB_POLICY_MAX_AGE_MS: '86400000',
    });
    const { changed, needRestart } = await reload();
    expect(changed.map(({ setting }) => setting)).toEqual(['drainMs']);
    expect(needRestart).toEqual(['policy.maxAgeMs', 'listen.quicPort']);
    expect(settings.current).toEqual({ ...loadHubConfig({}), drainMs: 5 });
  });

  test('that finds nothing new tells nobody', async () => {
    expect(await reload()).toEqual({ changed: [], needRestart: [] });
    expect([told, recorded]).toEqual([[], []]);
  });

  test('with a mistake anywhere changes nothing, and names the mistake', async () => {
    withEnvironment({ QCONN_HUB_DRAIN_MS: '5', QCONN_HUB_LISTEN_QUIC_PORT: 'many' });
    await expect(reload()).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('listen.quicPort') as string,
    });
    expect(settings.current).toEqual(loadHubConfig({}));
    expect([told, recorded]).toEqual([[], []]);
  });

  test('that cannot be written down changes nothing', async () => {
    withEnvironment({ QCONN_HUB_DRAIN_MS: '5' });
    await expect(settings.reload(() => Promise.reject(new QconnError('database_unavailable')))).rejects.toMatchObject({
      code: 'database_unavailable',
    });
    expect(settings.current.drainMs).toBe(2_000);
    expect((await reload()).changed).toHaveLength(1);
  });

  test('waits for the one before it', async () => {
    withEnvironment({ QCONN_HUB_DRAIN_MS: '5' });
    const [first, second] = await Promise.all([reload(), reload()]);
    expect([first.changed.length, second.changed.length]).toEqual([1, 0]);
  });
});

test('nothing that grants rights, or lets them last longer, is reloadable', () => {
  const reloadable = [...settingsOf(HUB_CONFIG_SCHEMA)].flatMap(([name, setting]) =>
    setting.reloadable ? [name] : [],
  );
  expect(reloadable.filter((name) => !name.startsWith('limits.'))).toEqual([
    'timeline.maxAgeMs',
    'drainMs',
    'log.level',
  ]);
});

test('what is shown has every setting, and no secret', () => {
  const config = loadHubConfig({ environment: { DATABASE_URL: 'postgres://u:geheim@db/q' } });
  const shown = new LiveSettings(config, () => config).show();
  expect(JSON.stringify(shown)).not.toContain('geheim');
  expect(shown).toContainEqual({ setting: 'database.url', value: null, secret: true, reloadable: false });
  expect(shown).toContainEqual({ setting: 'ca.passphrase', value: null, secret: false, reloadable: false });
  expect(shown).toContainEqual({ setting: 'drainMs', value: 2_000, secret: false, reloadable: true });
  expect(shown.map(({ setting }) => setting)).toEqual([...settingsOf(HUB_CONFIG_SCHEMA).keys()]);
});
