import { isDeviceName, isHostname, isServiceType } from '../address.ts';
import { QconnError } from '../errors.ts';
import { ADDRESS_PART_MAX_BYTES, SERVICE_TYPES_PER_DEVICE_MAX } from '../limits.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { atMost, MapFields } from './map-fields.ts';
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

const PROVIDERS_PER_FRAME_MAX = 64;

/** @throws QconnError `bad_address` for a malformed name, `too_large` for too many service types */
export function encodeProvide(writer: PackedWriter, id: number, device: Device): Uint8Array {
  checkDevice(device);
  return encodeMapFrame(writer, FrameType.Provide, id, { device: device.device, serviceTypes: device.serviceTypes });
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

/** @throws QconnError `bad_address` */
export function encodeWithdraw(writer: PackedWriter, id: number, device: string): Uint8Array {
  if (!isDeviceName(device)) throw badName('device', device);
  return encodeMapFrame(writer, FrameType.Withdraw, id, { device });
}

/** @throws QconnError `bad_frame` */
export function decodeWithdraw(frame: Frame): { device: string } {
  return { device: readDeviceName(MapFields.of(frame.control, 'Withdraw')) };
}

export function encodeWithdrawn(writer: PackedWriter, id: number): Uint8Array {
  return encodeMapFrame(writer, FrameType.Withdrawn, id, {});
}

/** @throws QconnError `bad_frame` */
export function decodeWithdrawn(frame: Frame): void {
  MapFields.of(frame.control, 'Withdrawn');
}

/** @throws QconnError `bad_address` */
export function encodeQuery(writer: PackedWriter, id: number, query: Query): Uint8Array {
  const { serviceType, machine } = query;
  if (serviceType !== undefined && !isServiceType(serviceType)) throw badName('service type', serviceType);
  if (machine !== undefined && !isHostname(machine)) throw badName('machine', machine);
  return encodeMapFrame(writer, FrameType.Query, id, { serviceType, machine });
}

/** @throws QconnError `bad_frame` */
export function decodeQuery(frame: Frame): Query {
  const fields = MapFields.of(frame.control, 'Query');
  const serviceType = fields.optionalText('serviceType', ADDRESS_PART_MAX_BYTES);
  const machine = fields.optionalText('machine', ADDRESS_PART_MAX_BYTES);
  if (serviceType !== undefined && !isServiceType(serviceType))
    throw fields.bad('“serviceType”: a well-formed service type');
  if (machine !== undefined && !isHostname(machine)) throw fields.bad('“machine”: a well-formed machine');
  return { serviceType, machine };
}

/** @throws QconnError `too_large` when the providers do not fit one frame: send fewer and say that more follow */
export function encodeQueryResult(writer: PackedWriter, id: number, result: QueryResult): Uint8Array {
  atMost(PROVIDERS_PER_FRAME_MAX, result.providers.length, 'providers');
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

function readDevice(fields: MapFields): Device {
  const device = readDeviceName(fields);
  const serviceTypes = fields.texts('serviceTypes', SERVICE_TYPES_PER_DEVICE_MAX, ADDRESS_PART_MAX_BYTES);
  if (serviceTypes.length === 0 || !serviceTypes.every(isServiceType))
    throw fields.bad('“serviceTypes”: at least one, each well-formed');
  return { device, serviceTypes };
}

function readDeviceName(fields: MapFields): string {
  const device = fields.text('device', ADDRESS_PART_MAX_BYTES);
  if (!isDeviceName(device)) throw fields.bad('“device”: a well-formed device name');
  return device;
}

/** Holds what is about to be written to what {@link readDevice} takes. */
function checkDevice(device: Device): void {
  if (!isDeviceName(device.device)) throw badName('device', device.device);
  if (device.serviceTypes.length === 0)
    throw new QconnError('bad_address', `The device ${device.device} has no service types.`);
  atMost(SERVICE_TYPES_PER_DEVICE_MAX, device.serviceTypes.length, 'service types');
  for (const serviceType of device.serviceTypes)
    if (!isServiceType(serviceType)) throw badName('service type', serviceType);
}

function badName(part: string, value: string): QconnError {
  return new QconnError('bad_address', `The ${part} ${JSON.stringify(value.slice(0, 40))} is malformed.`);
}
