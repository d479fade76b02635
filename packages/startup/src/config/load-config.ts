import { QconnError } from '@qconn/protocol';
import type { ConfigSources } from './config-sources.ts';
import { readConfigFile } from './config-file.ts';
import { readEnvironment } from './environment.ts';
import { readFlags } from './flags.ts';
import { type Mistake, mistakeInWords } from './mistake.ts';
import { Provenance } from './provenance.ts';
import { pathInWords, setAt } from './path.ts';
import { settingsOf } from './settings.ts';
import { validate } from './validate.ts';

/**
 * Reads a configuration: file, then environment, then flags, each over what came before, then defaults.
 * @typeParam T what the schema describes
 * @throws QconnError `config_invalid` with every mistake at once: where it was written, which key, what is wrong
 */
export function loadConfig<T>(sources: ConfigSources<T>): T {
  const mistakes: Mistake[] = [];
  const settings = settingsOf(sources.schema);
  const file = readConfigFile(sources.file, mistakes, sources.fileMaxBytes);
  const given = [
    ...readEnvironment(settings, sources, mistakes),
    ...readFlags(settings, sources.flags ?? {}, mistakes),
  ];
  const provenance = new Provenance(file, given);
  const config = file.value;
  for (const { path, value } of given) setAt(config, path, value);
  const broken = validate(sources.schema, config, provenance);
  // What a file that cannot be read would have set is not missing.
  mistakes.push(...broken.filter(({ kind }) => file.readable || kind !== 'missing'));
  if (broken.length === 0) {
    for (const { path, message } of sources.check?.(config as T) ?? []) {
      mistakes.push({ source: provenance.of(path), path: pathInWords(path), message });
    }
  }
  if (mistakes.length > 0) throw configInvalid(mistakes, sources.file);
  return config as T;
}

function configInvalid(mistakes: readonly Mistake[], file: string | undefined): QconnError {
  const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
  const where = file === undefined ? '' : ` (file ${file})`;
  const lines = mistakes.map((mistake) => `  ${mistakeInWords(mistake)}`);
  return new QconnError('config_invalid', `The configuration has ${count}${where}:\n${lines.join('\n')}`, {
    facts: { mistakes: mistakes.length },
  });
}
