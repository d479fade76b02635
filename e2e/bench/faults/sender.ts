import { connect, QconnError, type Client, type CredentialStore, type NameService } from '@qconn/client';
import type { SiteProcess } from '../../src/site-process.ts';

/** Where a sender reaches the hub. */
export interface Way {
  readonly host: string;
  readonly port: number;
}

/** Longest time that anything may take to come back, in milliseconds. */
const PATIENCE_MS = 60_000;

/** A machine that sends, and measures when it gets through again. */
export class Sender {
  readonly #client: Client;
  #to = 'echo@provider';

  private constructor(client: Client) {
    this.#client = client;
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
    return new Sender(client);
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

  close(): Promise<void> {
    return this.#client.close(0);
  }
}
