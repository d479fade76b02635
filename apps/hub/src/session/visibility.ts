import type { Policy } from '@qconn/authz';
import { machineMatches, type Provider, type ProviderFilter } from '@qconn/protocol';

/** A device, connected or not, as the hub knows it. */
interface Seen {
  readonly fingerprint: string;
  readonly device: string;
  readonly serviceTypes: Iterable<string>;
}

/**
 * What a machine may see of a device: the service types that it may query there and that the device's machine may
 * provide to it.
 * @returns `undefined` when that is nothing, or not what the filter asks for
 */
export function visible(
  policy: Policy,
  viewer: string,
  filter: ProviderFilter,
  { fingerprint, device, serviceTypes }: Seen,
): Provider | undefined {
  const hostname = policy.machine(fingerprint)?.hostname;
  if (filter.machine !== undefined && !machineMatches(filter.machine, { fingerprint, hostname })) return undefined;
  const types = [...serviceTypes].filter(
    (type) =>
      (filter.serviceType === undefined || filter.serviceType === type) && mayBeSeen(policy, viewer, fingerprint, type),
  );
  return types.length === 0
    ? undefined
    : { fingerprint, hostname: hostname ?? '', device, serviceTypes: types, online: true };
}

/** Whether a machine may learn that another provides a service type. */
export function mayBeSeen(policy: Policy, viewer: string, provider: string, serviceType: string): boolean {
  return (
    policy.decide(viewer, 'query', serviceType, provider).allowed &&
    policy.decide(provider, 'provide', serviceType, viewer).allowed
  );
}
