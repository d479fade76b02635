import { isDeviceName, isServiceType } from '../address.ts';
import { ADDRESS_PART_MAX_BYTES, SERVICE_TYPES_PER_DEVICE_MAX } from '../limits.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { MapFields } from './map-fields.ts';
import type { PackedWriter } from './packed-writer.ts';
import { encodeMapFrame } from './session-messages.ts';

/** A named unit on a machine, with the service types that it provides. */
export interface Device {
  readonly device: string;
  readonly serviceTypes: readonly string[];
}

/** A device as a query finds it: registered by a live session and permitted to provide. */
export interface Provider extends Device {
  readonly fingerprint: string;
  readonly hostname: string;
}

/** What a query looks for; whatever is left out matches all that the caller may query. */
export interface Query {
  readonly serviceType: string | undefined;
  /** Fingerprint or hostname. */
  readonly machine: string | undefined;
}

/** One part of a query's answer. */
export interface QueryResult {
  readonly providers: readonly Provider[];
  readonly last: boolean;
}

/** A renewed credential, in DER. */
export interface Renewed {
  /** Leaf first, then the issuing CA. */
  readonly chain: readonly Uint8Array[];
  /** The roots to trust from now on. */
  readonly trust: readonly Uint8Array[];
}

/** Most bytes of one certificate: a P-256 leaf has 600, an RSA-4096 root of somebody's own CA 2,000. */
const CERTIFICATE_MAX_BYTES = 4096;
const PROVIDERS_PER_FRAME_MAX = 64;

export function encodeProvide(writer: PackedWriter, id: number, device: Device): Uint8Array {
  return encodeMapFrame(writer, FrameType.Provide, id, { ...device });
}

/** @throws QconnError `bad_frame` */
export function decodeProvide(frame: Frame): Device {
  return readDevice(MapFields.of(frame.control, 'Provide'));
}

/** @param permitted whether the policy lets the machine provide all of the device's service types right now */
export function encodeProvided(writer: PackedWriter, id: number, permitted: boolean): Uint8Array {
  return encodeMapFrame(writer, FrameType.Provided, id, { permitted });
}

/** @throws QconnError `bad_frame` */
export function decodeProvided(frame: Frame): { permitted: boolean } {
  return { permitted: MapFields.of(frame.control, 'Provided').flag('permitted') };
}

export function encodeWithdraw(writer: PackedWriter, id: number, device: string): Uint8Array {
  return encodeMapFrame(writer, FrameType.Withdraw, id, { device });
}

/** @throws QconnError `bad_frame` */
export function decodeWithdraw(frame: Frame): { device: string } {
  return { device: MapFields.of(frame.control, 'Withdraw').text('device', ADDRESS_PART_MAX_BYTES) };
}

export function encodeWithdrawn(writer: PackedWriter, id: number): Uint8Array {
  return encodeMapFrame(writer, FrameType.Withdrawn, id, {});
}

export function encodeQuery(writer: PackedWriter, id: number, query: Query): Uint8Array {
  return encodeMapFrame(writer, FrameType.Query, id, { ...query });
}

/** @throws QconnError `bad_frame` */
export function decodeQuery(frame: Frame): Query {
  const fields = MapFields.of(frame.control, 'Query');
  return { serviceType: fields.optionalText('serviceType', ADDRESS_PART_MAX_BYTES), machine: fields.optionalText('machine', ADDRESS_PART_MAX_BYTES) };
}

/** @throws QconnError `too_large` when the providers do not fit one frame: send fewer and say that more follow */
export function encodeQueryResult(writer: PackedWriter, id: number, result: QueryResult): Uint8Array {
  return encodeMapFrame(writer, FrameType.QueryResult, id, { ...result });
}

/** @throws QconnError `bad_frame` */
export function decodeQueryResult(frame: Frame): QueryResult {
  const fields = MapFields.of(frame.control, 'QueryResult');
  const providers = fields.maps('providers', PROVIDERS_PER_FRAME_MAX).map((entry) => ({
    ...readDevice(entry),
    fingerprint: entry.text('fingerprint', ADDRESS_PART_MAX_BYTES),
    hostname: entry.text('hostname', ADDRESS_PART_MAX_BYTES),
  }));
  return { providers, last: fields.flag('last') };
}

/** @param csr PKCS#10 request in DER */
export function encodeRenew(writer: PackedWriter, id: number, csr: Uint8Array): Uint8Array {
  return encodeMapFrame(writer, FrameType.Renew, id, {}, csr);
}

export function encodeRenewed(writer: PackedWriter, id: number, renewed: Renewed): Uint8Array {
  return encodeMapFrame(writer, FrameType.Renewed, id, { ...renewed });
}

/** @throws QconnError `bad_frame` */
export function decodeRenewed(frame: Frame): Renewed {
  const fields = MapFields.of(frame.control, 'Renewed');
  return { chain: fields.byteStrings('chain', 4, CERTIFICATE_MAX_BYTES), trust: fields.byteStrings('trust', 4, CERTIFICATE_MAX_BYTES) };
}

function readDevice(fields: MapFields): Device {
  const device = fields.text('device', ADDRESS_PART_MAX_BYTES);
  const serviceTypes = fields.texts('serviceTypes', SERVICE_TYPES_PER_DEVICE_MAX, ADDRESS_PART_MAX_BYTES);
  if (!isDeviceName(device)) throw fields.bad('“device”: a well-formed device name');
  if (serviceTypes.length === 0 || !serviceTypes.every(isServiceType)) throw fields.bad('“serviceTypes”: at least one, each well-formed');
  return { device, serviceTypes };
}
