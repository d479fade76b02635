import pg from 'pg';

/** First and longest pause before connecting again, in milliseconds; it doubles in between. */
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5_000;

/** How often the connection proves that it lives, and how long the proof may take, in milliseconds. */
const PROBE_EVERY_MS = 10_000;
const PROBE_TIMEOUT_MS = 5_000;

/**
 * Listens on a connection of its own, which is opened again for as long as it takes when it breaks
 * or falls silent. `heard(undefined)` follows each new connection: notifications may have been missed.
 * @returns what ends it
 * @throws when the first connection fails
 */
export async function listenOn(
  options: pg.ClientConfig,
  channel: string,
  heard: (payload: string | undefined) => void,
): Promise<() => Promise<void>> {
  const listener = new PostgresListener(options, channel, heard);
  await listener.connect();
  return async () => await listener.stop();
}

class PostgresListener {
  readonly #options: pg.ClientConfig;
  readonly #channel: string;
  readonly #heard: (payload: string | undefined) => void;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = RETRY_MIN_MS;
  #stopped = false;

  constructor(options: pg.ClientConfig, channel: string, heard: (payload: string | undefined) => void) {
    this.#options = { ...options, query_timeout: PROBE_TIMEOUT_MS };
    this.#channel = channel;
    this.#heard = heard;
  }

  async connect(): Promise<void> {
    const client = new pg.Client(this.#options);
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', ({ payload }) => this.#heard(payload));
    try {
      await client.connect();
      await client.query(`LISTEN ${client.escapeIdentifier(this.#channel)}`);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    if (this.#stopped) return await client.end();
    this.#client = client;
    this.#pauseMs = RETRY_MIN_MS;
    this.#probeLater(client);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  /** A connection whose other end is gone without a word shows it only when it is used. */
  #probeLater(client: pg.Client): void {
    this.#timer = setTimeout(() => {
      client.query('SELECT 1').then(
        () => this.#client === client && this.#probeLater(client),
        () => this.#lost(client),
      );
    }, PROBE_EVERY_MS).unref();
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    clearTimeout(this.#timer);
    client.end().catch(() => {});
    this.#reconnectLater();
  }

  #reconnectLater(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.connect().then(
        () => this.#stopped || this.#heard(undefined),
        () => this.#reconnectLater(),
      );
    }, this.#pauseMs).unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, RETRY_MAX_MS);
  }
}
