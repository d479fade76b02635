import { lookup, resolve4, resolve6, resolveSrv } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { QconnError } from '@qconn/protocol';
import type { SocketAddress } from '@qconn/transport';

/** Where a hub may be reached. */
export interface Place {
  /** An IP address. */
  readonly address: SocketAddress;
  /** Name or IP address that the hub's certificate must carry. */
  readonly serverName: string;
}

/** What a name stands for now. */
export interface Resolution {
  /** In the order in which to try them. */
  readonly places: readonly Place[];
  /** How long the answer holds, in milliseconds, where the resolver tells. */
  readonly ttlMs: number | undefined;
}

/** A service record (RFC 2782). */
export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Names to addresses. */
export interface NameService {
  /** Addresses of a host, as this system finds them: its hosts file counts. */
  addresses(host: string): Promise<readonly string[]>;
  /** @returns seconds; `undefined` where nobody tells */
  ttl(host: string): Promise<number | undefined>;
  services(name: string): Promise<readonly ServiceRecord[]>;
}

/** Most addresses of a name that are tried in one round, and most records of a service. */
const ADDRESSES_MAX = 16;
const SERVICES_MAX = 8;

/** This system's resolver. */
const systemNames: NameService = {
  addresses: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
  ttl: async (host) => {
    const answers = await Promise.allSettled([resolve4(host, { ttl: true }), resolve6(host, { ttl: true })]);
    const ttls = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.map(({ ttl }) => ttl) : []));
    return ttls.length === 0 ? undefined : Math.min(...ttls);
  },
  services: (name) => resolveSrv(name),
};

/**
 * Finds where a hub is now. A host that begins with `_`, such as `_qconn._udp.example.com`, is a service: its records
 * (RFC 2782) name hosts and ports, and the port beside it does not count.
 */
export class HubResolver {
  readonly #names: NameService;
  readonly #random: () => number;

  /** @param random a fresh random number in [0, 1), for the weights of service records */
  constructor({
    names = systemNames,
    random,
  }: {
    readonly names?: NameService | undefined;
    readonly random: () => number;
  }) {
    this.#names = names;
    this.#random = random;
  }

  /** @throws QconnError `unreachable` when the name stands for nothing */
  async resolve({ host, port }: SocketAddress): Promise<Resolution> {
    if (!isService(host)) return this.#host({ host, port });
    const records = inOrder(await this.#services(host), this.#random);
    const found = await Promise.allSettled(records.map(({ name, port: at }) => this.#host({ host: name, port: at })));
    const resolutions = found.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    if (resolutions.length === 0)
      throw new QconnError('unreachable', `None of the hosts that the service ${host} names resolves.`);
    const ttls = resolutions.flatMap(({ ttlMs }) => ttlMs ?? []);
    return {
      places: resolutions.flatMap(({ places }) => places),
      ttlMs: ttls.length === 0 ? undefined : Math.min(...ttls),
    };
  }

  async #host({ host, port }: SocketAddress): Promise<Resolution> {
    if (isIP(host) !== 0) return { places: [{ address: { host, port }, serverName: host }], ttlMs: undefined };
    const [addresses, ttl] = await Promise.all([this.#addresses(host), this.#names.ttl(host).catch(() => undefined)]);
    const usable = addresses.filter((address) => isIP(address) !== 0).slice(0, ADDRESSES_MAX);
    if (usable.length === 0) throw new QconnError('unreachable', `The host name ${host} has no address.`);
    return {
      places: interleaved(usable).map((address) => ({ address: { host: address, port }, serverName: host })),
      ttlMs: ttl === undefined ? undefined : ttl * 1_000,
    };
  }

  async #addresses(host: string): Promise<readonly string[]> {
    try {
      return await this.#names.addresses(host);
    } catch (cause) {
      throw new QconnError('unreachable', `The host name ${host} does not resolve.`, { cause });
    }
  }

  async #services(name: string): Promise<readonly ServiceRecord[]> {
    try {
      return (await this.#names.services(name)).slice(0, SERVICES_MAX);
    } catch (cause) {
      throw new QconnError('unreachable', `There is no service record for ${name}.`, { cause });
    }
  }
}

/** True for the name of a service rather than of a host: no hostname has an underscore (RFC 1123, section 2.1). */
function isService(host: string): boolean {
  return host.startsWith('_');
}

/** IPv6 and IPv4 by turns, each in its resolver's order, IPv6 first (RFC 8305, section 4). */
function interleaved(addresses: readonly string[]): string[] {
  const six = addresses.filter((address) => isIPv6(address));
  const four = addresses.filter((address) => !isIPv6(address));
  return Array.from({ length: Math.max(six.length, four.length) }, (_, n) => [six[n], four[n]])
    .flat()
    .filter((address) => address !== undefined);
}

/** Lowest priority first; within one, drawn by weight (RFC 2782, “Usage rules”). */
function inOrder(records: readonly ServiceRecord[], random: () => number): ServiceRecord[] {
  const left = [...records];
  const ordered: ServiceRecord[] = [];
  while (left.length > 0) {
    const lowest = Math.min(...left.map(({ priority }) => priority));
    const group = left.filter(({ priority }) => priority === lowest);
    let ticket = random() * group.reduce((sum, { weight }) => sum + weight, 0);
    const drawn = group.find(({ weight }) => (ticket -= weight) < 0) ?? group[0];
    ordered.push(drawn as ServiceRecord);
    left.splice(left.indexOf(drawn as ServiceRecord), 1);
  }
  return ordered;
}
