import {
  ADDRESS_PART_MAX_BYTES,
  DEADLINE_MAX_MS,
  DEVICES_PER_SESSION_MAX,
  JOB_DEADLINE_MS,
  SERVICE_TYPES_PER_DEVICE_MAX,
} from '@qconn/protocol';
import type { ConfigSchema } from '@qconn/startup';
import { adapterSchemas } from './adapter-schemas.ts';
import type { AgentConfig, Needed } from './agent-config.ts';

/** Jobs of one device at once: a few may wait at a printer; more are refused with `busy` instead of piling up. */
const CONCURRENCY = 4;

/** Patterns of what local programs may submit: as many as a device may have service types. */
const SUBMIT_PATTERNS_MAX: number = SERVICE_TYPES_PER_DEVICE_MAX;

/** Folders that are watched: each costs a look every other second. */
const OUTBOXES_MAX = 32;

/** A program that writes a file pauses for less than this, in milliseconds. */
const OUTBOX_SETTLE_MS = 1_000;

/** As in the protocol's addresses. */
const DEVICE_NAME = '^[A-Za-z0-9][A-Za-z0-9._:@#+-]*$';
const SERVICE_TYPE = '^[a-z0-9][a-z0-9_-]*(?:\\.[a-z0-9][a-z0-9_-]*)*$';
const SERVICE_TYPE_PATTERN = '^(?:\\*|[a-z0-9][a-z0-9_-]*(?:\\.[a-z0-9][a-z0-9_-]*)*(?:\\.\\*)?)$';
const HOSTNAME = '^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$';

const deviceSchema: ConfigSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'serviceTypes', 'adapter'],
  properties: {
    name: {
      type: 'string',
      minLength: 1,
      maxLength: ADDRESS_PART_MAX_BYTES,
      pattern: DEVICE_NAME,
      form: 'letters, digits and . _ : @ # + -, beginning with a letter or digit',
      description: 'Unique on this machine. Senders address it, as in print@printer-pc/zebra-1.',
    },
    serviceTypes: {
      type: 'array',
      minItems: 1,
      maxItems: SERVICE_TYPES_PER_DEVICE_MAX,
      uniqueItems: true,
      items: {
        type: 'string',
        maxLength: ADDRESS_PART_MAX_BYTES,
        pattern: SERVICE_TYPE,
        form: 'lower-case words with dots between, such as print or scale.read',
      },
      description: 'Classes of work that it does, such as print or scale.read.',
    },
    concurrency: {
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: CONCURRENCY,
      description: 'Jobs that may run at once; one more is refused with busy.',
    },
    adapter: {
      type: 'object',
      required: ['type'],
      discriminator: { propertyName: 'type' },
      oneOf: adapterSchemas,
      description: 'What does the work.',
    },
  },
};

const localSchema: ConfigSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'What programs on this machine may do through the socket in the credential folder.',
  properties: {
    submit: {
      type: 'array',
      default: [],
      maxItems: SUBMIT_PATTERNS_MAX,
      uniqueItems: true,
      items: {
        type: 'string',
        maxLength: ADDRESS_PART_MAX_BYTES,
        pattern: SERVICE_TYPE_PATTERN,
        form: 'a service type, or one ending in .*, or *',
      },
      description: 'Service types that they may submit under this machine’s name: print, scale.*, or * for all.',
    },
  },
};

const outboxSchema: ConfigSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['folder', 'to'],
  properties: {
    folder: { type: 'string', minLength: 1, description: 'Its files are sent; subfolders are the agent’s own.' },
    to: {
      type: 'string',
      maxLength: 3 * ADDRESS_PART_MAX_BYTES + 2,
      description: 'Where to, such as report.store@archive-pc.',
    },
    names: {
      type: 'string',
      default: '*',
      minLength: 1,
      maxLength: 255,
      pattern: '^[^/\\u0000-\\u001F]+$',
      form: 'a name without folders, such as *.csv',
      description: 'Names that are taken; * stands for any characters. Names that begin with a dot never are.',
    },
    afterwards: {
      enum: ['keep', 'delete'],
      default: 'keep',
      description: 'What becomes of a file that was sent: moved into the subfolder sent, or deleted.',
    },
    settleMs: {
      type: 'integer',
      minimum: 10,
      maximum: 3_600_000,
      default: OUTBOX_SETTLE_MS,
      description: 'A file is taken when it has not changed for this long, in milliseconds.',
    },
    jobMs: {
      type: 'integer',
      minimum: 1,
      maximum: DEADLINE_MAX_MS,
      default: JOB_DEADLINE_MS,
      description: 'Time from the acknowledgement to the result, in milliseconds.',
    },
  },
};

const properties: Readonly<Record<string, ConfigSchema>> = {
  hub: {
    type: 'string',
    pattern: '^https://[^\\s/?#]+/?$',
    form: 'an https address without a path, such as https://hub.example:8443',
    description: 'HTTPS address of the hub, such as https://hub.example:8443.',
  },
  credentials: { type: 'string', minLength: 1, description: "Folder of this machine's key and certificate." },
  credentialsPassphraseFile: {
    type: 'string',
    minLength: 1,
    description:
      'File with the passphrase under which the credential is encrypted; without one, mode 0600 alone protects it.',
  },
  credentialsPassphrase: {
    type: 'string',
    minLength: 1,
    secret: true,
    description: 'The passphrase itself; better given as QCONN_AGENT_CREDENTIALS_PASSPHRASE than in the file.',
  },
  hostname: {
    type: 'string',
    maxLength: ADDRESS_PART_MAX_BYTES,
    pattern: HOSTNAME,
    form: 'a hostname of lower-case letters, digits, dots and hyphens',
    description: "Hostname to ask for when enrolling; this system's when left out.",
  },
  log: {
    type: 'object',
    additionalProperties: false,
    default: {},
    properties: {
      level: {
        enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
        default: 'info',
        description: 'Least severe level that is written.',
      },
      format: {
        enum: ['auto', 'json', 'pretty'],
        default: 'auto',
        description: 'auto: for people on a terminal, JSON lines elsewhere.',
      },
    },
  },
  devices: { type: 'array', default: [], maxItems: DEVICES_PER_SESSION_MAX, items: deviceSchema },
  local: localSchema,
  outboxes: {
    type: 'array',
    default: [],
    maxItems: OUTBOXES_MAX,
    items: outboxSchema,
    description: 'Folders whose files are sent as messages, each once.',
  },
};

/** JSON Schema of the agent's configuration, for a command that needs these settings to be there. */
export function agentSchema(needed: readonly Needed[]): ConfigSchema<AgentConfig> {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of qconn-agent',
    type: 'object',
    additionalProperties: false,
    required: needed,
    properties,
  };
}
