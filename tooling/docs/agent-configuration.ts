import { adapterSchemas } from '../../apps/agent/src/config/adapter-schemas.ts';
import { agentSchema } from '../../apps/agent/src/config/agent-schema.ts';
import type { ConfigSchema } from '../../packages/startup/src/index.ts';
import { code, markdownTable } from './markdown-table.ts';

const HEAD = `# Configuration of the agent

Settings of \`qconn-agent\` come from a YAML file (\`--config\` or \`QCONN_AGENT_CONFIG\`), from the environment (\`QCONN_AGENT_LOG_LEVEL\` for
\`log.level\`) and from flags; devices, outboxes and \`local\` from the file alone. \`qconn-agent config check\` tells every mistake with its line and
column, \`qconn-agent config schema\` prints the JSON Schema. A running agent applies an edit by itself, on SIGHUP and on
\`qconn-agent reload\`, all but \`hub\`, \`credentials\`, \`hostname\` and \`log.format\`; an edit with a mistake is refused, and the old one stays.
`;

/** What the agent's file may hold, as a part of docs/configuration.md. */
export function agentConfiguration(): string {
  const schema = agentSchema([]);
  const { devices, outboxes, ...single } = schema.properties ?? {};
  const device = itemOf(devices);
  return [
    HEAD,
    part('Settings', { ...schema, properties: single }),
    part('Each of `devices`', device),
    ...adapterSchemas.map((adapter) => part(`Adapter \`${typeOf(adapter)}\``, adapter)),
    part('Each of `outboxes`', itemOf(outboxes)),
  ].join('\n');
}

function part(title: string, schema: ConfigSchema): string {
  const table = markdownTable(['setting', 'what it is', 'default', 'values'], rows(schema, ''));
  return `## ${title}\n\n${text(schema)}${table}\n`;
}

function text({ description }: ConfigSchema): string {
  return typeof description === 'string' ? `${description}\n\n` : '';
}

function rows({ properties = {}, required }: ConfigSchema, prefix: string): string[][] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    if (schema.properties !== undefined) return rows(schema, `${prefix}${name}.`);
    const needed = (Array.isArray(required) && required.includes(name)) || schema['const'] !== undefined;
    const fallback = schema['default'];
    return [
      [
        code(prefix + name),
        typeof schema['description'] === 'string' ? schema['description'] : '',
        needed ? 'needed' : fallback === undefined ? '' : code(JSON.stringify(fallback)),
        values(schema),
      ],
    ];
  });
}

function values(schema: ConfigSchema): string {
  const { minimum, maximum, items } = schema as { minimum?: number; maximum?: number; items?: ConfigSchema };
  if (typeof schema['const'] === 'string') return code(schema['const']);
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  if (minimum !== undefined && maximum !== undefined)
    return `${minimum.toLocaleString('en')} … ${maximum.toLocaleString('en')}`;
  if (items !== undefined) return 'list of text';
  if (schema.type === 'boolean') return '`true`, `false`';
  if (schema['oneOf'] !== undefined) return 'one of those below';
  return schema.type === 'object' ? 'names with values' : 'text';
}

function itemOf(list: ConfigSchema | undefined): ConfigSchema {
  const item = (list as { readonly items?: ConfigSchema } | undefined)?.items;
  if (item === undefined) throw new Error('a list of the agent’s schema says nothing of its items');
  return item;
}

function typeOf(adapter: ConfigSchema): string {
  const type = adapter.properties?.['type']?.['const'];
  return typeof type === 'string' ? type : '';
}
