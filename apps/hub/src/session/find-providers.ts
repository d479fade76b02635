import { setImmediate as turn } from 'node:timers/promises';
import type { Policy } from '@qconn/authz';
import { machineMatches, QconnError, type Provider, type ProviderFilter, type Query } from '@qconn/protocol';
import type { LiveDevice, SessionTable } from '@qconn/routing';
import { mayBeSeen, visible } from './visibility.ts';

/** Machines looked at before everything else has its turn. */
const MACHINES_PER_TURN = 1_000;

/** Devices that are connected and that a machine may see. */
export function* onlineProviders<Peer>(
  sessions: SessionTable<Peer>,
  policy: Policy,
  viewer: string,
  filter: ProviderFilter,
): Generator<Provider> {
  for (const { session, name, serviceTypes } of candidates(sessions, filter)) {
    const seen = visible(policy, viewer, filter, { fingerprint: session.fingerprint, device: name, serviceTypes });
    if (seen !== undefined) yield seen;
  }
}

/**
 * What a query finds.
 * @throws QconnError `invalid_request` for machines that are offline, without a service type
 */
export async function findProviders<Peer>(
  sessions: SessionTable<Peer>,
  policy: Policy,
  viewer: string,
  query: Query,
): Promise<Provider[]> {
  const { state = 'online', serviceType } = query;
  const online = [...onlineProviders(sessions, policy, viewer, query)];
  if (state === 'online') return online;
  if (serviceType === undefined)
    throw new QconnError(
      'invalid_request',
      'To find machines that are offline, name a service type: what they would provide is known from their rights only.',
    );
  const present = new Set(online.map(({ fingerprint }) => fingerprint));
  const found: Provider[] = state === 'any' ? online : [];
  let looked = 0;
  for (const { fingerprint, hostname } of policy.machines()) {
    if (++looked % MACHINES_PER_TURN === 0) await turn();
    if (present.has(fingerprint) || hasDevice(sessions, fingerprint, serviceType)) continue;
    if (query.machine !== undefined && !machineMatches(query.machine, { fingerprint, hostname })) continue;
    if (mayBeSeen(policy, viewer, fingerprint, serviceType))
      found.push({ fingerprint, hostname: hostname ?? '', serviceTypes: [serviceType], online: false });
  }
  return found;
}

/** As few devices as the filter allows to look at. */
function* candidates<Peer>(
  sessions: SessionTable<Peer>,
  { serviceType, machine }: ProviderFilter,
): Generator<LiveDevice<Peer>> {
  if (machine !== undefined && !machine.endsWith('*')) {
    yield* sessions.ofMachine(machine)?.devices.values() ?? [];
  } else if (serviceType !== undefined) {
    yield* sessions.pool(serviceType) ?? [];
  } else {
    for (const session of sessions) if (sessions.isCurrent(session)) yield* session.devices.values();
  }
}

/** It may have come while others had their turn. */
function hasDevice<Peer>(sessions: SessionTable<Peer>, fingerprint: string, serviceType: string): boolean {
  const devices = sessions.ofMachine(fingerprint)?.devices.values() ?? [];
  return [...devices].some(({ serviceTypes }) => serviceTypes.has(serviceType));
}
