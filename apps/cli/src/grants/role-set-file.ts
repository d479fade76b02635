import { isServiceTypePattern } from '@qconn/protocol';
import { loadConfig, type ConfigSchema, type Finding } from '@qconn/startup';
import { Document, isScalar, visit } from 'yaml';
import type { RoleSet } from '../api/views.ts';
import { GRANTS_SCHEMA } from './role-file.ts';

/** Most bytes of a file with roles, as the hub takes them: a thousand roles of a hundred grants. */
const ROLE_SET_MAX_BYTES: number = 8 * 1024 * 1024;

type RoleSetFile = Pick<RoleSet, 'roles' | 'assignments'>;

const SCHEMA: ConfigSchema<RoleSetFile> = {
  type: 'object',
  additionalProperties: false,
  required: ['roles'],
  properties: {
    roles: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'grants'],
        properties: { name: { type: 'string' }, grants: GRANTS_SCHEMA },
      },
    },
    assignments: {
      type: 'object',
      additionalProperties: { type: 'array', items: { type: 'string' } },
    },
  },
};

/**
 * Reads all roles from YAML or JSON.
 * @throws QconnError `config_invalid` with every mistake, its line and column
 */
export function readRoleSetFile(file: string): RoleSetFile {
  return loadConfig({ schema: SCHEMA, file, fileMaxBytes: ROLE_SET_MAX_BYTES, check: findings });
}

/** What the schema cannot say. The hub checks all of it again; here it has a line and a column. */
function* findings({ roles }: RoleSetFile): Iterable<Finding> {
  const seen = new Set<string>();
  for (const [index, { name, grants }] of roles.entries()) {
    if (seen.has(name)) yield { path: ['roles', index, 'name'], message: 'is the name of another role before it' };
    seen.add(name);
    for (const [at, { serviceTypes }] of grants.entries()) {
      for (const [place, pattern] of serviceTypes.entries()) {
        if (!isServiceTypePattern(pattern))
          yield {
            path: ['roles', index, 'grants', at, 'serviceTypes', place],
            message: 'is not a pattern: write a service type (print.label), one ending in .* (print.*), or *',
          };
      }
    }
  }
}

/** The same file, written: what can stand on one line does. */
export function roleSetText(set: RoleSetFile): string {
  const document = new Document(set);
  visit(document, {
    Seq: (_key, list) => {
      list.flow = list.items.every((item) => isScalar(item));
    },
  });
  return document.toString({ lineWidth: 120 });
}
