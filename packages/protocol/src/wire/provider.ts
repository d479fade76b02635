import { isMachinePattern, isServiceType } from '../address.ts';
import { ADDRESS_PART_MAX_BYTES, CONTROL_MAX_BYTES } from '../limits.ts';
import { badName, readDeviceName, readServiceTypes } from './device-fields.ts';
import type { MapFields } from './map-fields.ts';

/** A device as others may see it, of a machine that may provide it to them. */
export interface Provider {
  readonly fingerprint: string;
  readonly hostname: string;
  /** Absent for a machine that is offline: which devices it has is known while it is connected. */
  readonly device?: string | undefined;
  /** Those that whoever asks may query. */
  readonly serviceTypes: readonly string[];
  /** Whether its session is alive and the device registered. */
  readonly online: boolean;
}

/** Which devices somebody wants to see; whatever is left out matches all that they may query. */
export interface ProviderFilter {
  readonly serviceType?: string | undefined;
  /** A fingerprint, a hostname, or the beginning of one and `*`. */
  readonly machine?: string | undefined;
}

/** Providers in one frame, however small they are. */
export const PROVIDERS_PER_FRAME_MAX = 64;

/** Bytes of providers in one frame, roughly counted: leaves a third of the control section for the encoding. */
const FRAME_BYTES: number = Math.floor((CONTROL_MAX_BYTES * 2) / 3);

/** Cuts a list of providers, or of more than that about each, into what frames hold. At least one part, which may be empty. */
export function* inFrames<Item extends Omit<Provider, 'online'>>(items: Iterable<Item>): Generator<Item[]> {
  let part: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (part.length === PROVIDERS_PER_FRAME_MAX || bytes + size > FRAME_BYTES) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += size;
  }
  yield part;
}

/** @throws QconnError `bad_address` */
export function checkFilter({ serviceType, machine }: ProviderFilter): void {
  if (serviceType !== undefined && !isServiceType(serviceType)) throw badName('service type', serviceType);
  if (machine !== undefined && !isMachinePattern(machine)) throw badName('machine', machine);
}

/** @throws QconnError `bad_frame` */
export function readFilter(fields: MapFields): { serviceType: string | undefined; machine: string | undefined } {
  const serviceType = fields.optionalText('serviceType', ADDRESS_PART_MAX_BYTES);
  const machine = fields.optionalText('machine', ADDRESS_PART_MAX_BYTES);
  if (serviceType !== undefined && !isServiceType(serviceType))
    throw fields.bad('“serviceType”: a well-formed service type');
  if (machine !== undefined && !isMachinePattern(machine)) throw fields.bad('“machine”: a well-formed machine');
  return { serviceType, machine };
}

/** @throws QconnError `bad_frame` */
export function readProviders(fields: MapFields): Provider[] {
  return fields.maps('providers', PROVIDERS_PER_FRAME_MAX).map((entry) => ({
    device: entry.has('device') ? readDeviceName(entry) : undefined,
    ...readPlace(entry),
    online: entry.flag('online'),
  }));
}

/** Where a device is, and what it provides. @throws QconnError `bad_frame` */
export function readPlace(fields: MapFields): Omit<Provider, 'device' | 'online'> {
  return {
    fingerprint: fields.text('fingerprint', ADDRESS_PART_MAX_BYTES),
    hostname: fields.text('hostname', ADDRESS_PART_MAX_BYTES),
    serviceTypes: readServiceTypes(fields),
  };
}

/** Bytes of a provider in a frame, roughly: names are ASCII, and each takes two bytes and more of framing. */
function sizeOf({ fingerprint, hostname, device = '', serviceTypes }: Omit<Provider, 'online'>): number {
  const names = [fingerprint, hostname, device, ...serviceTypes];
  return 64 + names.reduce((sum, name) => sum + name.length + 3, 0);
}
