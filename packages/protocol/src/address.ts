import { QconnError } from './errors.ts';
import { LastMatch } from './last-match.ts';
import { ADDRESS_PART_MAX_BYTES } from './limits.ts';

/**
 * Where a request goes: a service type, and optionally a machine (fingerprint or hostname) and a
 * device on it. Without a machine the hub picks a live, permitted provider of the service type.
 */
export interface Address {
  readonly serviceType: string;
  readonly machine?: string | undefined;
  readonly device?: string | undefined;
}

/** Dot-separated lower-case segments, such as `print` or `scale.read`. */
const SERVICE_TYPE = new LastMatch(/^[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9][a-z0-9_-]*)*$/);

/** RFC 1123 hostname, lower case; a fingerprint matches too. */
const MACHINE = new LastMatch(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/);

/** A device is named by people: letters, digits and a little punctuation, no spaces, no control characters. */
const DEVICE = new LastMatch(/^[A-Za-z0-9][A-Za-z0-9._:@#+-]*$/);

/** True for a well-formed service type of at most 128 bytes. */
export function isServiceType(text: string): boolean {
  return text.length <= ADDRESS_PART_MAX_BYTES && SERVICE_TYPE.test(text);
}

/** True for a service type, for one with a final segment `*` (what lies below it), and for `*` alone. */
export function isServiceTypePattern(text: string): boolean {
  return text === '*' || isServiceType(text.endsWith('.*') ? text.slice(0, -2) : text);
}

/** True for a well-formed hostname (or fingerprint) of at most 128 bytes; RFC 1123, section 2.1, lower case. */
export function isHostname(text: string): boolean {
  return text.length <= ADDRESS_PART_MAX_BYTES && MACHINE.test(text);
}

/** The beginning of a hostname, and `*`: `kiosk-*`; `*` alone is any. */
const MACHINE_BEGINNING = /^[a-z0-9.-]*\*$/;

/** True for what {@link machineMatches} takes: a fingerprint, a hostname, or the beginning of one and `*`. */
export function isMachinePattern(text: string): boolean {
  return isHostname(text) || (text.length <= ADDRESS_PART_MAX_BYTES && MACHINE_BEGINNING.test(text));
}

/** Whether a machine is meant by a pattern: by its fingerprint, its hostname, or a hostname that begins like it. */
export function machineMatches(
  pattern: string,
  { fingerprint, hostname }: { readonly fingerprint: string; readonly hostname?: string | undefined },
): boolean {
  if (pattern === '*' || pattern === fingerprint || pattern === hostname) return true;
  return pattern.endsWith('*') && hostname?.startsWith(pattern.slice(0, -1)) === true;
}

/** True for a well-formed device name of at most 128 bytes. */
export function isDeviceName(text: string): boolean {
  return text.length <= ADDRESS_PART_MAX_BYTES && DEVICE.test(text);
}

/**
 * Checks an address that came from a person or a peer.
 * @returns the same address
 * @throws QconnError `bad_address` naming the part
 */
export function checkAddress(address: Address): Address {
  if (!isServiceType(address.serviceType)) throw badPart('service type', address.serviceType);
  if (address.machine !== undefined && !isHostname(address.machine)) throw badPart('machine', address.machine);
  if (address.device !== undefined && !isDeviceName(address.device)) throw badPart('device', address.device);
  return address;
}

/**
 * Reads `serviceType[@machine[/device]]` or `serviceType[/device]`, such as `print@printer-pc/zebra-1`.
 * @throws QconnError `bad_address`
 */
export function parseAddress(text: string): Address {
  // Only a device may hold “@”, and nothing may hold “/”: so the device is cut off first.
  const [place, device] = splitOnce(text, '/');
  const [serviceType, machine] = splitOnce(place, '@');
  return checkAddress({ serviceType, machine, device });
}

/** Writes an address the way {@link parseAddress} reads it. */
export function formatAddress(address: Address): string {
  const machine = address.machine === undefined ? '' : `@${address.machine}`;
  const device = address.device === undefined ? '' : `/${address.device}`;
  return `${address.serviceType}${machine}${device}`;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function badPart(part: string, value: string): QconnError {
  const shown = JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return new QconnError('bad_address', `The ${part} ${shown} in the address is malformed.`);
}
