import { connect, QconnError, type Client, type CredentialStore, type NameService } from '@qconn/client';
import type { SiteProcess } from '../../src/site-process.ts';

/** Where a sender reaches the hub. */
export interface Way {
  readonly host: string;
  readonly port: number;
}

/** Longest time that anything may take to come back, in milliseconds. */
const PATIENCE_MS = 60_000;

/** Between two tries to renew, where the hub names no time, in milliseconds. */
const RETRY_MS = 50;

/** Until a request for a certificate has been signed and sent, in milliseconds. */
const REQUEST_MS = 5;

/** A machine that sends, and measures when it gets through again. */
export class Sender {
  readonly #client: Client;
  readonly #store: CredentialStore;
  #to = 'echo@provider';
  #renewal: Promise<unknown> = Promise.resolve();

  private constructor(client: Client, store: CredentialStore) {
    this.#client = client;
    this.#store = store;
  }

  /** Enrols a machine that reaches the hub over a certain way, and connects it. */
  static async start(site: SiteProcess, name: string, way: Way, names?: NameService): Promise<Sender> {
    await site.enrol(name);
    return Sender.connect(site.credentials(name), way, names);
  }

  /** Connects an enrolled machine over another way than its credential says. */
  static async connect(store: CredentialStore, way: Way, names?: NameService): Promise<Sender> {
    const credential = await store.load();
    await store.save({ ...credential, hub: { ...credential.hub, quic: [way] } });
    const client = await connect({ credentials: store, agent: 'faults/1', ...(names && { names }) });
    await client.connected({ phase: 'online' });
    return new Sender(client, store);
  }

  /** From now on it sends to a device of its own, so that no other machine's way back is measured. */
  async sendToItself(name: string): Promise<void> {
    await this.#client.provide({ device: 'mirror', serviceTypes: ['echo'] }, ({ body }) => body);
    this.#to = `echo@${name}/mirror`;
  }

  /** One exchange, once. @returns the milliseconds that it took @throws QconnError */
  async exchange(): Promise<number> {
    const begun = performance.now();
    await this.#client.request(this.#to, 'x', { resolutionMs: PATIENCE_MS, jobMs: PATIENCE_MS });
    return performance.now() - begun;
  }

  /** Sends until one exchange has completed, as a program does that must get its message through. @returns milliseconds */
  async firstExchange(): Promise<number> {
    const begun = performance.now();
    for (;;) {
      try {
        await this.exchange();
        return performance.now() - begun;
      } catch (error) {
        if (!(error instanceof QconnError) || performance.now() - begun > PATIENCE_MS) throw error;
        // The provider may be a moment later than this machine.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }

  /** Begins to renew the certificate. Resolves when the request is under way, so that a fault meets it in the middle. */
  async beginRenewal(): Promise<void> {
    this.#renewal = this.#renew();
    this.#renewal.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, REQUEST_MS));
  }

  /** Resolves when the renewal that was begun last has ended well. @throws QconnError */
  async renewed(): Promise<void> {
    await this.#renewal;
  }

  /** Tries until there is another certificate on disk, as the client's own schedule does with longer waits. */
  async #renew(): Promise<void> {
    const before = (await this.#store.load()).chainPem[0];
    const begun = performance.now();
    for (;;) {
      try {
        await this.#client.renewNow();
        if ((await this.#store.load()).chainPem[0] === before) throw new Error('the new certificate is not on disk');
        return;
      } catch (error) {
        if (!(error instanceof QconnError) || performance.now() - begun > PATIENCE_MS) throw error;
        await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? RETRY_MS));
        await this.#client.connected({ phase: 'online' });
      }
    }
  }

  close(): Promise<void> {
    return this.#client.close(0);
  }
}
