import type { ConfigSchema } from '@qconn/startup';

/** A configuration with a bit of everything that the hub's and the agent's have. */
export const labSchema: ConfigSchema<LabConfig> = {
  type: 'object',
  additionalProperties: false,
  required: ['hub'],
  properties: {
    hub: { type: 'string', minLength: 1 },
    dataFolder: { type: 'string', default: '/var/lib/qconn' },
    http: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        port: { type: 'integer', minimum: 1, maximum: 65_535, default: 8_443 },
        hosts: { type: 'array', items: { type: 'string' }, default: ['localhost'] },
        tls: { type: 'boolean', default: true },
      },
    },
    log: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: { level: { enum: ['debug', 'info', 'warn'], default: 'info' } },
    },
    database: {
      type: 'object',
      additionalProperties: false,
      properties: { url: { type: 'string', secret: true, pattern: '^postgres://' } },
    },
    devices: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        required: ['adapter'],
        discriminator: { propertyName: 'adapter' },
        oneOf: [
          {
            properties: { adapter: { const: 'tcp' }, name: { type: 'string' }, port: { type: 'integer' } },
            required: ['name', 'port'],
            additionalProperties: false,
          },
          {
            properties: {
              adapter: { const: 'exec' },
              name: { type: 'string' },
              argv: { type: 'array', items: { type: 'string' } },
            },
            required: ['name', 'argv'],
            additionalProperties: false,
          },
        ],
      },
    },
  },
};

export interface LabConfig {
  hub: string;
  dataFolder: string;
  http: { port: number; hosts: string[]; tls: boolean };
  log: { level: string };
  database?: { url: string };
  devices: { adapter: string; name: string }[];
}
