import { isDeviceName, isServiceType } from '../address.ts';
import { QconnError } from '../errors.ts';
import { SERVICE_TYPES_PER_DEVICE_MAX } from '../limits.ts';
import { badName, readDeviceName, readServiceTypes } from './device-fields.ts';
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

function readDevice(fields: MapFields): Device {
  return { device: readDeviceName(fields), serviceTypes: readServiceTypes(fields) };
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
