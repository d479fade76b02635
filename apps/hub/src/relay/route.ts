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

/**
 * The last route that was found and permitted. The same sender asks the same device again and again, and while policy and
 * table of sessions are the same, so is the route.
 */
export class LastRoute {
  #sender: string | undefined;
  #address: Address | undefined;
  #policy: Policy | undefined;
  #version = -1;
  #route: Route | undefined;

  /** The route of that sender to that address, if it was the last one and nothing has changed. */
  find(sender: string, address: Address, policy: Policy, { version }: SessionTable<Peer>): Route | undefined {
    const same =
      address === this.#address && sender === this.#sender && policy === this.#policy && version === this.#version;
    return same ? this.#route : undefined;
  }

  /** Keeps a route, if it is the only one to its address: one that names a device on a machine, whose session is there. */
  keep(sender: string, address: Address, policy: Policy, sessions: SessionTable<Peer>, route: Route): void {
    const { machine, device } = address;
    if (machine === undefined || device === undefined || sessions.ofMachine(machine) !== route.device.session) return;
    this.#sender = sender;
    this.#address = address;
    this.#policy = policy;
    this.#version = sessions.version;
    this.#route = route;
  }
}
