import { QconnError } from '@qconn/protocol';
import { loadConfig, type ConfigSchema } from '@qconn/startup';
import type { Grant } from '../api/views.ts';

/** A role as a file gives it; `qconn role show NAME --json` writes one. */
export interface RoleFile {
  readonly name?: string;
  readonly grants: readonly Grant[];
  /** The generation that the editor began with: a role that has moved on is not overwritten. */
  readonly generation?: number;
}

const texts: ConfigSchema = { type: 'array', minItems: 1, items: { type: 'string' } };

/** Grants, as every file with roles has them. */
export const GRANTS_SCHEMA: ConfigSchema = {
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['effect', 'verb', 'serviceTypes'],
    properties: {
      effect: { enum: ['allow', 'deny'] },
      verb: { enum: ['provide', 'submit', 'query', 'admin'] },
      serviceTypes: texts,
      selector: {
        type: 'object',
        additionalProperties: false,
        properties: { labels: { type: 'object', additionalProperties: { type: 'string' } }, hostnames: texts },
      },
    },
  },
};

const SCHEMA: ConfigSchema<RoleFile> = {
  type: 'object',
  additionalProperties: false,
  required: ['grants'],
  properties: {
    name: { type: 'string' },
    grants: GRANTS_SCHEMA,
    generation: { type: 'integer', minimum: 0 },
    updatedAt: { type: 'string' },
  },
};

/**
 * Reads a role from YAML or JSON.
 * @throws QconnError `config_invalid` with every mistake, its line and column; `usage` when the file is for another role
 */
export function readRoleFile(file: string, name: string): RoleFile {
  const role = loadConfig({ schema: SCHEMA, file });
  if (role.name !== undefined && role.name !== name)
    throw new QconnError('usage', `The file ${file} holds the role ${role.name}, not ${name}.`);
  return role;
}
