import { DEADLINE_MAX_MS } from '@qconn/protocol';
import type { ConfigSchema } from '@qconn/startup';
import {
  ANSWER_CEILING_BYTES,
  ANSWER_MAX_BYTES,
  CLOSE_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  JOB_TIMEOUT_MS,
  KILL_GRACE_MS,
  WRITE_TIMEOUT_MS,
} from '../adapters/defaults.ts';
import { PLACEHOLDERS } from '../adapters/name-template.ts';

const answerMaxBytes: ConfigSchema = {
  type: 'integer',
  minimum: 0,
  maximum: ANSWER_CEILING_BYTES,
  default: ANSWER_MAX_BYTES,
  description: 'Most bytes of an answer; a longer one fails the job. Over 64 KiB it is streamed.',
};

/** Text that could end a line, a header or a C string is not taken. */
const PRINTABLE = '^[^\\u0000-\\u001F\\u007F]*$';

const tcp: ConfigSchema = adapter(
  'tcp',
  'Raw bytes to a device, such as a label printer on port 9100.',
  ['host', 'port'],
  {
    host: {
      type: 'string',
      maxLength: 253,
      pattern: '^[A-Za-z0-9._:%-]+$',
      form: 'a host name or an IP address',
      description: 'Name or IP address.',
    },
    port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'TCP port.' },
    connectTimeoutMs: milliseconds(CONNECT_TIMEOUT_MS, 'Time for the connection to stand.'),
    writeTimeoutMs: milliseconds(WRITE_TIMEOUT_MS, 'Time for the device to take all bytes.'),
    doneWhen: {
      enum: ['closed', 'sent'],
      default: 'closed',
      description:
        'closed: the device has closed the connection after the last byte, so it has read everything. sent: this system has taken the bytes; for devices that never close.',
    },
    closeTimeoutMs: milliseconds(CLOSE_TIMEOUT_MS, 'With doneWhen closed: time for the device to close.'),
    readBack: { type: 'boolean', default: false, description: 'Answer with what the device sends until it closes.' },
    answerMaxBytes,
  },
);

const exec: ConfigSchema = adapter('exec', 'A program for each job: body on stdin, answer on stdout.', ['argv'], {
  argv: {
    type: 'array',
    minItems: 1,
    maxItems: 256,
    items: { type: 'string', pattern: '^[^\\u0000]*$' },
    description: 'Program and arguments. No shell reads them.',
  },
  folder: { type: 'string', minLength: 1, description: "Folder to run in; the agent's own when left out." },
  environment: textMap('^[A-Za-z_][A-Za-z0-9_]*$', '^[^\\u0000]*$', 'Variables to set.'),
  passEnvironment: {
    type: 'array',
    default: [],
    maxItems: 256,
    items: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$', form: 'the name of a variable' },
    description: "Names of the agent's own variables to pass on, beside PATH, HOME, the locale and the like.",
  },
  timeoutMs: milliseconds(JOB_TIMEOUT_MS, 'Time for the program to end.'),
  killGraceMs: milliseconds(KILL_GRACE_MS, 'Time between SIGTERM and SIGKILL.'),
  answerMaxBytes,
});

const http: ConfigSchema = adapter('http', 'POST to a service near by; redirects are not followed.', ['url'], {
  url: {
    type: 'string',
    pattern: '^https?://[^\\s/?#]+(?:[/?][^\\s#]*)?$',
    form: 'an http or https address, such as http://127.0.0.1:8080/jobs',
    description: 'Where each job goes.',
  },
  headers: textMap("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", PRINTABLE, 'Headers to send with every job.'),
  connectTimeoutMs: milliseconds(CONNECT_TIMEOUT_MS, 'Time for the connection to stand.'),
  timeoutMs: milliseconds(JOB_TIMEOUT_MS, 'Time from the connection to the end of the answer.'),
  answerMaxBytes,
});

const file: ConfigSchema = adapter('file', 'A file in a spool folder for each job.', ['folder'], {
  folder: { type: 'string', minLength: 1, description: 'Must exist.' },
  name: {
    type: 'string',
    default: '{time}-{id}',
    maxLength: 200,
    pattern: `^(?:[^{}/\\\\\\u0000-\\u001F.]|\\{(?:${PLACEHOLDERS.join('|')})\\})(?:[^{}/\\\\\\u0000-\\u001F]|\\{(?:${PLACEHOLDERS.join('|')})\\})*$`,
    form: `a file name without folders, which does not begin with a dot, and with no other braces than ${PLACEHOLDERS.map((name) => `{${name}}`).join(', ')}`,
    description: `Name of each file, with ${PLACEHOLDERS.map((name) => `{${name}}`).join(', ')}.`,
  },
});

export const adapterSchemas: readonly ConfigSchema[] = [tcp, exec, http, file];

function adapter(
  type: string,
  description: string,
  required: readonly string[],
  properties: Readonly<Record<string, ConfigSchema>>,
): ConfigSchema {
  return {
    description,
    additionalProperties: false,
    required,
    properties: { type: { const: type, description: 'Which adapter it is.' }, ...properties },
  };
}

function milliseconds(value: number, description: string): ConfigSchema {
  return {
    type: 'integer',
    minimum: 1,
    maximum: DEADLINE_MAX_MS,
    default: value,
    description: `${description} In milliseconds.`,
  };
}

/** Keys and values that may be secrets: the values are never shown. */
function textMap(keys: string, values: string, description: string): ConfigSchema {
  return {
    type: 'object',
    default: {},
    propertyNames: { pattern: keys },
    additionalProperties: { type: 'string', pattern: values, secret: true },
    description,
  };
}
