import { errorCodeOfWire } from '../errors.ts';
import { ERROR_TABLE, type ErrorCode } from '../error-table.ts';
import { ADDRESS_PART_MAX_BYTES, DEADLINE_MAX_MS, LANES_PER_CONNECTION_MAX, REASON_MAX_BYTES } from '../limits.ts';
import { encodeControlMap } from './control-map.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { MapFields } from './map-fields.ts';
import { cutReason } from './outcome.ts';
import type { PackedWriter } from './packed-writer.ts';

/** Most characters of ids and names in session messages. */
const NAME_MAX = ADDRESS_PART_MAX_BYTES;
/** Most roles that a machine is told of; they are for people to read, so the rest is left out. */
const ROLES_MAX = 64;

/** The client's first frame. */
export interface Hello {
  /** Program and version, such as `qconn-agent/1.0.0`; for logs, which keep its first 128 characters. */
  readonly agent: string;
  /** Lanes that the client has opened, 1 … 16. */
  readonly lanes: number;
  /** Chosen at random by each run of the program: what one run has forgotten, another has never known. */
  readonly instance: string;
  /** Jobs under an idempotency key are remembered over restarts of the program. */
  readonly remembersJobs: boolean;
  /** Id of the trust bundle that the client holds; one that sends none is sent no Trust frames. */
  readonly trust?: string | undefined;
}

/** What the hub knows of the machine behind a session. */
export interface MachineStatus {
  readonly status: 'pending' | 'authorized' | 'revoked';
  /** Set by the administrator who authorized the machine. */
  readonly hostname: string | undefined;
  /** The first 64. */
  readonly roles: readonly string[];
}

/** The hub's answer to {@link Hello}. */
export interface Welcome extends MachineStatus {
  /** The hub's id; stays the same over restarts. */
  readonly hub: string;
  /** Changes with every start of the hub: ids of exchanges are unique within it. */
  readonly epoch: string;
  /** The session's id, for logs. */
  readonly session: string;
  readonly fingerprint: string;
  /** What an administrator compares before approving. */
  readonly shortCode: string;
}

/** The hub asks its client to go elsewhere. */
export interface GoAway {
  readonly code: ErrorCode;
  readonly reason: string;
  /** Wait a random time up to this many milliseconds before connecting again. */
  readonly spreadMs: number;
}

/** A call was refused. */
export interface CallFailed {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** Writes a frame whose control section is a map. */
export function encodeMapFrame(
  writer: PackedWriter,
  type: FrameType,
  id: number,
  fields: Readonly<Record<string, unknown>>,
  body?: Uint8Array,
): Uint8Array {
  return writer.begin().raw(encodeControlMap(fields)).finish(type, id, body);
}

export function encodeHello(writer: PackedWriter, hello: Hello): Uint8Array {
  return encodeMapFrame(writer, FrameType.Hello, 0, { ...hello, agent: hello.agent.slice(0, NAME_MAX) });
}

/** @throws QconnError `bad_frame` */
export function decodeHello(frame: Frame): Hello {
  const fields = MapFields.of(frame.control, 'Hello');
  return {
    agent: fields.text('agent', NAME_MAX),
    lanes: fields.integer('lanes', 1, LANES_PER_CONNECTION_MAX),
    instance: fields.text('instance', NAME_MAX),
    remembersJobs: fields.flag('remembersJobs'),
    trust: fields.optionalText('trust', NAME_MAX),
  };
}

export function encodeWelcome(writer: PackedWriter, welcome: Welcome): Uint8Array {
  return encodeMapFrame(writer, FrameType.Welcome, 0, { ...welcome, roles: welcome.roles.slice(0, ROLES_MAX) });
}

/** @throws QconnError `bad_frame` */
export function decodeWelcome(frame: Frame): Welcome {
  const fields = MapFields.of(frame.control, 'Welcome');
  return {
    ...machineStatus(fields),
    hub: fields.text('hub', NAME_MAX),
    epoch: fields.text('epoch', NAME_MAX),
    session: fields.text('session', NAME_MAX),
    fingerprint: fields.text('fingerprint', NAME_MAX),
    shortCode: fields.text('shortCode', NAME_MAX),
  };
}

export function encodeStatus(writer: PackedWriter, status: MachineStatus): Uint8Array {
  return encodeMapFrame(writer, FrameType.Status, 0, { ...status, roles: status.roles.slice(0, ROLES_MAX) });
}

/** @throws QconnError `bad_frame` */
export function decodeStatus(frame: Frame): MachineStatus {
  return machineStatus(MapFields.of(frame.control, 'Status'));
}

export function encodeGoAway(writer: PackedWriter, goAway: GoAway): Uint8Array {
  const { code, reason } = goAway;
  const spreadMs = Math.min(Math.max(0, Math.ceil(goAway.spreadMs)), DEADLINE_MAX_MS);
  return encodeMapFrame(writer, FrameType.GoAway, 0, {
    code: ERROR_TABLE[code].wire,
    reason: cutReason(reason),
    spreadMs,
  });
}

/** @throws QconnError `bad_frame` */
export function decodeGoAway(frame: Frame): GoAway {
  const fields = MapFields.of(frame.control, 'GoAway');
  return {
    code: errorCode(fields),
    reason: fields.text('reason', REASON_MAX_BYTES),
    spreadMs: fields.integer('spreadMs', 0, DEADLINE_MAX_MS),
  };
}

export function encodeCallFailed(writer: PackedWriter, id: number, failed: CallFailed): Uint8Array {
  return encodeMapFrame(writer, FrameType.CallFailed, id, {
    code: ERROR_TABLE[failed.code].wire,
    reason: cutReason(failed.reason),
  });
}

/** @throws QconnError `bad_frame` */
export function decodeCallFailed(frame: Frame): CallFailed {
  const fields = MapFields.of(frame.control, 'CallFailed');
  return { code: errorCode(fields), reason: fields.text('reason', REASON_MAX_BYTES) };
}

function machineStatus(fields: MapFields): MachineStatus {
  return {
    status: fields.word('status', ['pending', 'authorized', 'revoked']),
    hostname: fields.optionalText('hostname', NAME_MAX),
    roles: fields.texts('roles', ROLES_MAX, NAME_MAX),
  };
}

function errorCode(fields: MapFields): ErrorCode {
  return errorCodeOfWire(fields.integer('code', 0, 0xffff)) ?? 'internal';
}
