import {
  BODY_STREAMS_MAX,
  DEADLINE_MAX_MS,
  DRAIN_MS,
  EXCHANGES_IN_FLIGHT_MAX,
  STREAMED_BODY_MAX_BYTES,
} from '@qconn/protocol';
import type { ConfigSchema } from '@qconn/startup';
import { BUSY_POLL_MS } from '@qconn/transport';
import type { HubConfig } from './hub-config.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const PORT: ConfigSchema = { type: 'integer', minimum: 0, maximum: 65_535 };

/** A part of the configuration, which may be left out. */
function group(properties: ConfigSchema['properties'] & {}): ConfigSchema {
  return { type: 'object', additionalProperties: false, default: {}, properties };
}

/**
 * JSON Schema of the configuration file; docs/configuration.md shows the same table. What is `reloadable` is read again
 * while the hub runs (SIGHUP, POST /v1/config/reload). Nothing that decides who may do what, or for how long, is.
 */
export const HUB_CONFIG_SCHEMA: ConfigSchema<HubConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    dataFolder: {
      type: 'string',
      minLength: 1,
      default: './qconn-data',
      description: 'Folder of the CA and of the embedded database; made with mode 0700.',
    },
    database: group({
      url: {
        type: 'string',
        pattern: '^postgres(ql)?://',
        form: 'an address such as postgres://user@db.example/qconn',
        secret: true,
        description: 'PostgreSQL server; without it the embedded database is used.',
      },
    }),
    policy: group({
      maxAgeMs: {
        type: 'integer',
        minimum: MINUTE_MS,
        maximum: DAY_MS,
        default: 15 * MINUTE_MS,
        description:
          'How long the hub serves without its database, on the rights that it last read, in milliseconds; then it ends its sessions until the database is back, so that no revocation can be outwaited.',
      },
    }),
    ca: group({
      passphraseFile: {
        type: 'string',
        minLength: 1,
        description:
          'File with the passphrase under which the CA’s keys are encrypted on disk; without one, the files’ mode 0600 alone protects them.',
      },
      passphrase: {
        type: 'string',
        minLength: 1,
        secret: true,
        description: 'The passphrase itself; better given as QCONN_HUB_CA_PASSPHRASE than in the file.',
      },
    }),
    listen: group({
      host: {
        type: 'string',
        pattern: '^(\\d{1,3}(\\.\\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]*(%\\S+)?)$',
        form: 'an IP address, such as 0.0.0.0 or ::',
        default: '::',
        description: 'IP address to listen at; :: serves IPv4 and IPv6.',
      },
      quicPort: { ...PORT, default: 7443, description: 'UDP port of QUIC; 0 lets the system choose.' },
      httpsPort: { ...PORT, default: 7443, description: 'TCP port of the HTTPS API; 0 lets the system choose.' },
      busyPollMicros: {
        type: 'integer',
        minimum: 0,
        maximum: 1_000,
        default: BUSY_POLL_MS * 1_000,
        description:
          'For how long after a datagram the hub looks for the next one instead of falling asleep, at most, in microseconds, while they come that closely; 0: never, for who counts processor time.',
      },
    }),
    hosts: {
      type: 'array',
      items: { type: 'string', minLength: 1, maxLength: 253 },
      uniqueItems: true,
      default: [],
      description:
        'Host names and IP addresses under which clients reach this hub; they go into its certificate. This system’s name and the loopback addresses are always among them.',
    },
    advertise: {
      type: 'array',
      items: {
        type: 'string',
        pattern: '^(\\[[0-9a-fA-F:]+\\]|[^:\\s]+):[0-9]{1,5}$',
        form: 'host:port, such as hub.example:7443',
      },
      default: [],
      description:
        'QUIC addresses (host:port) that machines are given at enrolment; empty: the host that they enrolled at.',
    },
    certificates: group({
      machineValidityMs: {
        type: 'integer',
        minimum: MINUTE_MS,
        maximum: 45 * DAY_MS,
        default: 7 * DAY_MS,
        description: 'Validity of a machine’s certificate, in milliseconds.',
      },
      graceMs: {
        type: 'integer',
        minimum: 0,
        maximum: 366 * DAY_MS,
        default: 30 * DAY_MS,
        description:
          'How long after its expiry a machine may renew its certificate by itself and keep hostname and roles, in milliseconds; after that it is pending again.',
      },
      recoveriesMax: {
        type: 'integer',
        minimum: 0,
        maximum: 1_000,
        default: 12,
        description: 'How often in a row a machine may renew after expiry; a renewal in time begins the row anew.',
      },
      keepExpiredMs: {
        type: 'integer',
        minimum: DAY_MS,
        maximum: 3_660 * DAY_MS,
        default: 400 * DAY_MS,
        description: 'How long expired certificates and tokens stay in the inventory, in milliseconds.',
      },
    }),
    limits: group({
      exchangesInFlight: {
        type: 'integer',
        reloadable: true,
        minimum: 1,
        maximum: 1_000_000,
        default: EXCHANGES_IN_FLIGHT_MAX,
        description: 'Exchanges in flight per sending machine.',
      },
      messagesPerSecond: {
        type: 'integer',
        reloadable: true,
        minimum: 1,
        maximum: 10_000_000,
        default: 100_000,
        description: 'Requests per second of one machine, on average.',
      },
      bytesPerSecond: {
        type: 'integer',
        reloadable: true,
        minimum: 65_536,
        maximum: 100_000_000_000,
        default: 1_000_000_000,
        description: 'Request bytes, and streamed bytes either way, per second of one machine, on average.',
      },
      bodyBytes: {
        type: 'integer',
        reloadable: true,
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        default: STREAMED_BODY_MAX_BYTES,
        description: 'Most bytes of a body that is streamed because a frame does not hold it.',
      },
      bodyStreams: {
        type: 'integer',
        reloadable: true,
        minimum: 1,
        maximum: 512,
        default: BODY_STREAMS_MAX,
        description: 'Streamed bodies that move at once per machine; more wait until one is through.',
      },
      requestsPerSecond: {
        type: 'integer',
        reloadable: true,
        minimum: 1,
        maximum: 1_000_000,
        default: 100,
        description:
          'Requests to the HTTPS API per second of one source address, on average; ten seconds’ worth may come at once. An IPv6 network of 64 bits is one source.',
      },
      enrolmentsPerSecond: {
        type: 'integer',
        reloadable: true,
        minimum: 1,
        maximum: 1_000_000,
        default: 20,
        description:
          'Enrolments per second of one source address, good or bad, on average; ten seconds’ worth may come at once.',
      },
    }),
    timeline: group({
      entries: {
        type: 'integer',
        minimum: 0,
        maximum: 1_000_000,
        default: 10_000,
        description:
          'Exchanges that are remembered once they have ended, for `qconn exchanges`: when, from whom, to whom, how; never what they carried. Some 130 bytes each; 0 remembers none.',
      },
      maxAgeMs: {
        type: 'integer',
        minimum: 1_000,
        maximum: 7 * DAY_MS,
        default: DAY_MS,
        reloadable: true,
        description: 'How long they are remembered at most, in milliseconds.',
      },
    }),
    tracing: group({
      module: {
        type: 'string',
        minLength: 1,
        description:
          'Module that sets up OpenTelemetry when it is loaded, before the hub serves: a file, or the name of an installed package. With it, each exchange gives a span.',
      },
    }),
    drainMs: {
      type: 'integer',
      reloadable: true,
      minimum: 0,
      maximum: DEADLINE_MAX_MS,
      default: DRAIN_MS,
      description: 'How long a hub that stops lets exchanges finish, in milliseconds.',
    },
    log: group({
      level: {
        reloadable: true,
        enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
        default: 'info',
        description: 'Least severe level that is written.',
      },
      securityFile: {
        type: 'string',
        minLength: 1,
        description:
          'File to which the security log is appended as JSON lines, and which SIGHUP opens anew; without it its lines are among the others, with "log":"security".',
      },
      format: {
        enum: ['auto', 'json', 'pretty'],
        default: 'auto',
        description: 'auto: for people on a terminal, JSON lines elsewhere.',
      },
      insecureDebugFolder: {
        type: 'string',
        minLength: 1,
        description:
          'Folder to which the TLS secrets and a trace of every QUIC connection are written: whoever reads it reads all traffic. For debugging only; the hub warns of it at its start.',
      },
    }),
  },
};
