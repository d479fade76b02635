import { HUB_ENVIRONMENT_NAMES, HUB_ENVIRONMENT_PREFIX, HUB_FLAGS } from '../../apps/hub/src/config/hub-config.ts';
import { HUB_CONFIG_SCHEMA } from '../../apps/hub/src/config/hub-schema.ts';
import { environmentNameOf, type ConfigSchema } from '../../packages/startup/src/index.ts';
import { agentConfiguration } from './agent-configuration.ts';
import { code, markdownTable } from './markdown-table.ts';

const HEAD = `# Configuration of the hub

<!-- Generated from apps/hub/src/config/hub-schema.ts and apps/agent/src/config/agent-schema.ts by \`npx -y pnpm@12 generate:docs\`; edit the schemas. -->

Settings of \`qconn-hub\` come from a YAML file (\`--config\` or \`QCONN_CONFIG\`), from the environment and from flags; the
last that names a setting wins. A dot in a setting's name is a level of the file. In the environment and in flags a list
is separated by commas. The whole configuration is checked before anything starts, and every mistake is told at once; a
variable or key that names no setting is a mistake too. Durations are whole milliseconds. Exit codes: 0 done, 1 failed,
2 the command line or the configuration has a mistake. The agent’s settings are below.

Settings whose last column says yes are read again while the hub runs, by SIGHUP or \`qconn config reload\`: file, environment
and flags as when it started, checked whole. They come into force together; a mistake anywhere changes nothing, and is told.
What else has changed is named, and takes a restart. Nothing that decides who may do what, or for how long, can be reloaded.
`;

const EXAMPLE = `## A file

    dataFolder: /var/lib/qconn-hub
    hosts: [hub.example, 192.0.2.7]
    listen:
      quicPort: 7443
      httpsPort: 7443
    limits:
      exchangesInFlight: 2048
    log:
      level: info
`;

/** docs/configuration.md, whole. */
export function configurationDocument(): string {
  const rows = settings(HUB_CONFIG_SCHEMA, []).map(([path, schema]) => [
    code(path),
    meaning(schema),
    schema['default'] === undefined ? '' : code(JSON.stringify(schema['default'])),
    range(schema),
    environmentOf(path).map(code).join(', '),
    flagsOf(path).map(code).join(', '),
    schema.reloadable === true ? 'yes' : 'no',
  ]);
  const table = markdownTable(['setting', 'what it is', 'default', 'values', 'environment', 'flag', 'reload'], rows);
  return [HEAD, `## Settings\n\n${table}\n`, EXAMPLE, agentConfiguration()].join('\n');
}

function settings(schema: ConfigSchema, path: readonly string[]): [path: string, schema: ConfigSchema][] {
  if (schema.properties === undefined) return [[path.join('.'), schema]];
  return Object.entries(schema.properties).flatMap(([key, child]) => settings(child, [...path, key]));
}

function meaning(schema: ConfigSchema): string {
  const description = schema['description'];
  if (typeof description !== 'string') throw new Error('a setting has no description');
  return schema.secret === true ? `${description} Secret: it is never shown.` : description;
}

function range(schema: ConfigSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  const { minimum, maximum } = schema as { minimum?: number; maximum?: number };
  if (minimum === undefined || maximum === undefined) return schema.type === 'array' ? 'list of text' : 'text';
  return `${minimum.toLocaleString('en')} … ${maximum.toLocaleString('en')}`;
}

function environmentOf(path: string): string[] {
  const known = Object.entries(HUB_ENVIRONMENT_NAMES).filter(([, named]) => named === path);
  return [...known.map(([name]) => name), HUB_ENVIRONMENT_PREFIX + environmentNameOf(path)];
}

function flagsOf(path: string): string[] {
  return Object.entries(HUB_FLAGS).flatMap(([flag, named]) => (named === path ? [flag] : []));
}
