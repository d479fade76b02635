import { isDeviceName, isServiceType } from '../address.ts';
import { QconnError } from '../errors.ts';
import { ADDRESS_PART_MAX_BYTES, SERVICE_TYPES_PER_DEVICE_MAX } from '../limits.ts';
import type { MapFields } from './map-fields.ts';

/** @throws QconnError `bad_frame` */
export function readDeviceName(fields: MapFields): string {
  const device = fields.text('device', ADDRESS_PART_MAX_BYTES);
  if (!isDeviceName(device)) throw fields.bad('“device”: a well-formed device name');
  return device;
}

/** @throws QconnError `bad_frame` */
export function readServiceTypes(fields: MapFields): string[] {
  const serviceTypes = fields.texts('serviceTypes', SERVICE_TYPES_PER_DEVICE_MAX, ADDRESS_PART_MAX_BYTES);
  if (serviceTypes.length === 0 || !serviceTypes.every(isServiceType))
    throw fields.bad('“serviceTypes”: at least one, each well-formed');
  return serviceTypes;
}

/** The error for a name that a caller of ours got wrong. */
export function badName(part: string, value: string): QconnError {
  return new QconnError('bad_address', `The ${part} ${JSON.stringify(value.slice(0, 40))} is malformed.`);
}
