import type { ConfigSources } from './config-sources.ts';
import { convert } from './convert.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Mistake } from './mistake.ts';
import type { Given } from './provenance.ts';
import type { Setting } from './settings.ts';

type Environment = Pick<ConfigSources, 'environment' | 'environmentPrefix' | 'environmentNames'>;

/** What the environment sets. A variable with the prefix that names no setting is a mistake: it would do nothing. */
export function readEnvironment(
  settings: ReadonlyMap<string, Setting>,
  { environment = {}, environmentPrefix = '', environmentNames = {} }: Environment,
  mistakes: Mistake[],
): Given[] {
  const byName = new Map(Object.entries(environmentNames).map(([name, path]) => [name, settings.get(path)]));
  for (const [name, setting] of byName) {
    if (setting === undefined) throw new TypeError(`${name} stands for a setting that the schema does not have`);
  }
  if (environmentPrefix !== '') {
    for (const [path, setting] of settings) byName.set(environmentPrefix + environmentNameOf(path), setting);
  }
  const given: Given[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (text === undefined || text === '') continue;
    const setting = byName.get(name);
    if (setting !== undefined)
      given.push({ path: setting.path, value: convert(text, setting), source: `environment ${name}` });
    else if (environmentPrefix !== '' && name.startsWith(environmentPrefix)) {
      mistakes.push({
        source: `environment ${name}`,
        path: '',
        message: `names no setting${didYouMean(name, [...byName.keys()])}`,
      });
    }
  }
  return given;
}

/** `http.maxBodyBytes` → `HTTP_MAX_BODY_BYTES`. */
export function environmentNameOf(path: string): string {
  return path
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[.-]/g, '_')
    .toUpperCase();
}
