import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { DeadlineQueue, type Clock, type Timer } from '@qconn/clock';
import { Impairment, type Faults } from './impairment.ts';
import { seededRandom } from './seeded-random.ts';

/** How a faulty network is made. */
export interface FaultyNetworkOptions {
  /** The server that it leads to. */
  readonly target: { readonly host: string; readonly port: number };
  /** The same seed makes the same faults for the same datagrams of one way, whatever the other carries meanwhile. Default 1. */
  readonly seed?: number;
  /** What it does both ways. Default: nothing. */
  readonly faults?: Faults;
}

/** A UDP relay in front of a server that treats datagrams as a bad network would. */
export interface FaultyNetwork {
  /** Where clients send to instead of the server. */
  readonly address: { readonly host: string; readonly port: number };
  /** Datagrams that came in and that went out, both ways. */
  readonly counts: { readonly entered: number; readonly left: number };
  /** Changes what it does, both ways or one way. */
  setFaults(faults: Faults, direction?: 'both' | 'toServer' | 'toClient'): void;
  /** Loses everything from now on, or nothing more. */
  setBlackhole(on: boolean): void;
  /** From now on the server sees the clients at other ports, as after a NAT has forgotten them, or at another host. */
  rebind(host?: string): Promise<void>;
  /** The same for each client with the next datagram that it sends: until then what is under way to it arrives, and nobody has lost it. */
  rebindNext(): void;
  /** From now on a copy of whatever clients send arrives at the server first, from a port of its own, where nobody answers. */
  spy(): Promise<Spy>;
  /** Loses everything of the clients that have come so far; what comes from other ports gets through, as over another interface. */
  cutPaths(): void;
  close(): Promise<void>;
}

/** Somebody on the way who sees clients' datagrams and is faster than they are. */
export interface Spy {
  /** Bytes of copies sent to the server, and of what the server sent back. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Makes another seed of a seed, for chance that has nothing to do with the first's. */
const OTHER_WAY = 0x9e3779b9;

/** One client's way through. */
interface Passage {
  readonly client: RemoteInfo;
  upstream: Socket;
  cut: boolean;
  rebinds: boolean;
}

/** Starts a faulty network. Its owner closes it. */
export async function createFaultyNetwork(
  clock: Clock,
  { target, seed = 1, faults = {} }: FaultyNetworkOptions,
): Promise<FaultyNetwork> {
  const front = createSocket('udp4').bind(0, '127.0.0.1');
  await once(front, 'listening');
  return new UdpRelay({ clock, front, target, faults, seed });
}

class UdpRelay implements FaultyNetwork {
  readonly address: { readonly host: string; readonly port: number };
  readonly counts = { entered: 0, left: 0 };
  readonly #clock: Clock;
  readonly #front: Socket;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #toServer: Impairment;
  readonly #toClient: Impairment;
  readonly #passages = new Map<string, Passage>();
  readonly #under = new DeadlineQueue<() => void>();
  #timer: Timer | undefined;
  #spy: Socket | undefined;
  readonly #spied = { sentBytes: 0, receivedBytes: 0 };
  #blackhole = false;
  #closed = false;

  constructor(parts: {
    clock: Clock;
    front: Socket;
    target: { host: string; port: number };
    faults: Faults;
    seed: number;
  }) {
    this.#clock = parts.clock;
    this.#front = parts.front;
    this.#target = parts.target;
    this.#toServer = new Impairment(parts.faults, seededRandom(parts.seed));
    this.#toClient = new Impairment(parts.faults, seededRandom(parts.seed ^ OTHER_WAY));
    const { address, port } = parts.front.address();
    this.address = { host: address, port };
    this.#front.on('message', (bytes, client) => this.#enter(bytes, client));
  }

  setFaults(faults: Faults, direction: 'both' | 'toServer' | 'toClient' = 'both'): void {
    if (direction !== 'toClient') this.#toServer.change(faults);
    if (direction !== 'toServer') this.#toClient.change(faults);
  }

  setBlackhole(on: boolean): void {
    this.#blackhole = on;
  }

  async rebind(host?: string): Promise<void> {
    for (const passage of this.#passages.values()) this.#rebind(passage, host);
  }

  rebindNext(): void {
    for (const passage of this.#passages.values()) passage.rebinds = true;
  }

  async spy(): Promise<Spy> {
    const spy = createSocket('udp4').bind(0, '127.0.0.1');
    spy.on('message', (bytes) => (this.#spied.receivedBytes += bytes.length));
    await once(spy, 'listening');
    this.#spy = spy;
    return this.#spied;
  }

  cutPaths(): void {
    for (const passage of this.#passages.values()) {
      passage.cut = true;
      passage.upstream.removeAllListeners('message');
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    const upstreams = [...this.#passages.values()].map(({ upstream }) => upstream);
    const sockets = [this.#front, ...upstreams, ...(this.#spy === undefined ? [] : [this.#spy])];
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  }

  #enter(bytes: Uint8Array, client: RemoteInfo): void {
    const key = `${client.address}:${client.port}`;
    let passage = this.#passages.get(key);
    if (passage === undefined) {
      passage = { client, upstream: this.#openUpstream(client), cut: false, rebinds: false };
      this.#passages.set(key, passage);
    }
    const way = passage;
    if (way.cut) return;
    if (way.rebinds) this.#rebind(way);
    this.#carry(bytes, this.#toServer, (copy) => {
      if (this.#spy !== undefined) this.#spied.sentBytes += copy.length;
      this.#spy?.send(copy, this.#target.port, this.#target.host);
      way.upstream.send(copy, this.#target.port, this.#target.host);
    });
  }

  #rebind(passage: Passage, host?: string): void {
    const old = passage.upstream;
    passage.rebinds = false;
    passage.upstream = this.#openUpstream(passage.client);
    if (host !== undefined) passage.upstream.bind(0, host);
    old.close();
  }

  #openUpstream(client: RemoteInfo): Socket {
    const upstream = createSocket('udp4');
    upstream.on('message', (bytes) =>
      this.#carry(bytes, this.#toClient, (copy) => this.#front.send(copy, client.port, client.address)),
    );
    return upstream;
  }

  #carry(bytes: Uint8Array, impairment: Impairment, deliver: (bytes: Uint8Array) => void): void {
    this.counts.entered += 1;
    if (this.#blackhole) return;
    const now = this.#clock.monotonic();
    for (const arrival of impairment.pass(bytes, now)) {
      const leave = (): void => {
        this.counts.left += 1;
        deliver(arrival.bytes);
      };
      if (arrival.at <= now) leave();
      else this.#under.add(arrival.at, leave);
    }
    this.#arm();
  }

  #arm(): void {
    const next = this.#under.nextAt;
    if (next === undefined || this.#timer !== undefined || this.#closed) return;
    this.#timer = this.#clock.setTimer(next - this.#clock.monotonic(), () => {
      this.#timer = undefined;
      const now = this.#clock.monotonic();
      for (let due = this.#under.popDue(now); due !== undefined; due = this.#under.popDue(now)) due.value();
      this.#arm();
    });
  }
}
