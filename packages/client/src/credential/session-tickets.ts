import { createHash } from 'node:crypto';
import type { CredentialStore } from '@qconn/identity';
import type { SocketAddress } from '@qconn/transport';

/** Where tickets outlast the program. */
export type TicketStore = Pick<CredentialStore, 'readTickets' | 'writeTickets'>;

/** Hubs whose tickets are kept: more than a credential names. */
const HUBS_MAX = 8;

/** A ticket with a chain of certificates in it takes 2 KiB. */
const TICKET_MAX_BYTES = 16 * 1024;

interface KeptTicket {
  readonly hub: string;
  /** SHA-256 of the certificate that the hub gave it to, hex. */
  readonly certificate: string;
  /** Base64. */
  readonly ticket: string;
}

/**
 * The session tickets of a machine, by hub and certificate: to the hub, whoever presents one is the machine that showed that
 * certificate. They are only a short cut, so nothing here fails: a ticket that cannot be read or written is as good as none.
 *
 * A ticket is used until the hub has sent another. RFC 8446, appendix C.4, would use each once, so that those who listen do
 * not recognize a client; but most tries while a hub is away reach nobody.
 */
export class SessionTickets {
  readonly #store: TicketStore;
  #kept: readonly KeptTicket[];
  #written: Promise<void> = Promise.resolve();

  private constructor(store: TicketStore, kept: readonly KeptTicket[]) {
    this.#store = store;
    this.#kept = kept;
  }

  static async load(store: TicketStore): Promise<SessionTickets> {
    return new SessionTickets(store, parse(await store.readTickets().catch(() => undefined)));
  }

  /** @param leafPem the certificate that the machine would show */
  find(hub: SocketAddress, leafPem: string): Uint8Array | undefined {
    const [name, certificate] = [nameOf(hub), hashOf(leafPem)];
    const found = this.#kept.find((each) => each.hub === name && each.certificate === certificate);
    return found && Buffer.from(found.ticket, 'base64');
  }

  /** Drops tickets of former certificates. */
  keep(hub: SocketAddress, leafPem: string, ticket: Uint8Array): void {
    const [name, certificate] = [nameOf(hub), hashOf(leafPem)];
    const others = this.#kept.filter((each) => each.certificate === certificate && each.hub !== name);
    const kept = { hub: name, certificate, ticket: Buffer.from(ticket).toString('base64') };
    this.#replace([kept, ...others].slice(0, HUBS_MAX));
  }

  /** Drops what the hub did not accept. */
  forget(hub: SocketAddress): void {
    this.#replace(this.#kept.filter((each) => each.hub !== nameOf(hub)));
  }

  /** Resolves when nothing is being written any more. */
  get written(): Promise<void> {
    return this.#written;
  }

  #replace(kept: readonly KeptTicket[]): void {
    this.#kept = kept;
    const writing = this.#store.writeTickets(JSON.stringify(kept)).catch(() => undefined);
    this.#written = this.#written.then(() => writing);
  }
}

function nameOf({ host, port }: SocketAddress): string {
  return `${host}:${port}`;
}

function hashOf(leafPem: string): string {
  return createHash('sha256').update(leafPem).digest('hex');
}

function parse(text: string | undefined): KeptTicket[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(found) ? found.filter(isKeptTicket).slice(0, HUBS_MAX) : [];
  } catch {
    return [];
  }
}

function isKeptTicket(value: unknown): value is KeptTicket {
  const { hub, certificate, ticket } = (value ?? {}) as Partial<Record<keyof KeptTicket, unknown>>;
  const texts = [hub, certificate, ticket];
  return texts.every((text) => typeof text === 'string' && text.length <= TICKET_MAX_BYTES);
}
