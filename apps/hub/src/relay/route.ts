import type { Policy } from '@qconn/authz';
import type { Address, Deliver, ResolvedTarget } from '@qconn/protocol';
import type { LiveDevice, SessionTable } from '@qconn/routing';
import type { Peer } from './peer.ts';

/** From a sender to a device: what is said of each to the other. */
export interface Route {
  readonly device: LiveDevice<Peer>;
  readonly from: Deliver['from'];
  readonly target: ResolvedTarget;
}

/** The route from a machine to a device, whether or not anybody may take it. */
export function routeTo(device: LiveDevice<Peer>, sender: string, policy: Policy): Route {
  const { fingerprint, hostname = '' } = device.session;
  return {
    device,
    from: { fingerprint: sender, hostname: policy.machine(sender)?.hostname },
    target: { fingerprint, hostname, device: device.name },
  };
}

/** Places for routes that were found before the last one. A power of two. */
const PLACES = 256;

interface Known {
  sender: string;
  address: Address;
  route: Route;
}

/**
 * The last routes that were found and permitted. The same senders ask the same devices again and again, and while policy and
 * table of sessions are the same, so are their routes. Of two that share a place the later has it.
 */
export class LastRoutes {
  readonly #places: (Known | undefined)[] = Array.from({ length: PLACES }, () => undefined);
  #last: Known | undefined;
  #policy: Policy | undefined;
  #version = -1;

  /** The route of that sender to that address, if it is known and nothing has changed. */
  find(sender: string, address: Address, policy: Policy, { version }: SessionTable<Peer>): Route | undefined {
    if (policy !== this.#policy || version !== this.#version) return undefined;
    if (isThat(this.#last, sender, address)) return this.#last.route;
    const known = this.#places[placeOf(sender, address)];
    if (!isThat(known, sender, address)) return undefined;
    this.#last = known;
    return known.route;
  }

  /** Keeps a route, if it is the only one to its address: one that names a device on a machine, whose session is there. */
  keep(sender: string, address: Address, policy: Policy, sessions: SessionTable<Peer>, route: Route): void {
    const { machine, device } = address;
    if (machine === undefined || device === undefined || sessions.ofMachine(machine) !== route.device.session) return;
    // Nothing of an earlier policy or session is held beyond its time for a route that is none any more.
    if (policy !== this.#policy || sessions.version !== this.#version) this.#places.fill(undefined);
    this.#policy = policy;
    this.#version = sessions.version;
    const place = placeOf(sender, address);
    const known = this.#places[place];
    if (known === undefined) this.#places[place] = { sender, address, route };
    else {
      known.sender = sender;
      known.address = address;
      known.route = route;
    }
    this.#last = this.#places[place];
  }
}

/** The address by its object: whoever reads one that was read before gives the same. */
function isThat(known: Known | undefined, sender: string, address: Address): known is Known {
  return known !== undefined && known.address === address && known.sender === sender;
}

function placeOf(sender: string, { machine = '', device = '' }: Address): number {
  return (markOf(sender) + 3 * markOf(machine) + 5 * markOf(device)) & (PLACES - 1);
}

/** Tells most names apart: they differ towards their ends. */
function markOf(name: string): number {
  const { length } = name;
  return length < 2 ? length : name.charCodeAt(length - 1) + 11 * name.charCodeAt(length - 2);
}
