import type { Tracer } from '@opentelemetry/api';
import { systemClock, type Clock, type Timer } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';
import type { Logger } from '@qconn/startup';
import type { Store } from '@qconn/store';
import type { SocketAddress } from '@qconn/transport';
import { assembleHub, type HubParts } from './assemble.ts';
import type { HubAuthority } from './authority/hub-authority.ts';
import type { HubConfig } from './config/hub-config.ts';
import { LiveSettings, type Reloaded } from './config/live-settings.ts';
import { reloadConfig } from './config/reload-config.ts';
import { HubMetrics } from './metrics/hub-metrics.ts';
import { LivePolicy } from './policy/live-policy.ts';

/** What a hub is put together from. */
export interface HubDependencies {
  readonly store: Store;
  readonly authority: HubAuthority;
  readonly log: Logger;
  /** Where the security log goes; the hub's own log when left out. */
  readonly securityLog?: Logger;
  readonly clock?: Clock;
  /** Who takes the spans of exchanges; without one there are none. */
  readonly tracer?: Tracer | undefined;
  /** Reads the configuration anew, for a reload; without it there is nothing that could have changed. */
  readonly readConfig?: () => HubConfig;
}

/** How often quotas of quiet machines and past exchanges are forgotten, in milliseconds. */
const SWEEP_MS = 60_000;

/** A running hub. */
export class Hub {
  readonly #parts: HubParts;
  #sweep: Timer;

  private constructor(parts: HubParts) {
    this.#parts = parts;
    parts.certificate.keep((failure) => this.#certificateRenewed(failure));
    parts.authority.onChange(() => this.#authorityChanged());
    parts.housekeeping.start();
    this.#sweep = this.#armSweep();
  }

  /**
   * Starts a hub: QUIC and HTTPS listen when the promise resolves. The store stays its owner's to close.
   * @throws QconnError `not_initialised`, `address_in_use`, `database_unavailable`, `ca_unusable`
   */
  static async start(config: HubConfig, dependencies: HubDependencies): Promise<Hub> {
    const { store, authority, log, clock = systemClock, tracer, readConfig = () => config } = dependencies;
    // Its lines are written whatever the level of the rest is.
    const { securityLog = log.child({ log: 'security' }, { level: 'info' }) } = dependencies;
    const settings = new LiveSettings(config, readConfig);
    const record = await store.hub.find();
    if (record === undefined) throw new QconnError('not_initialised', 'The database holds no hub.');
    const policy = await LivePolicy.start({ source: store.policy, clock, log }, config.policy);
    const metrics = new HubMetrics(clock);
    const common = { settings, store, authority, policy, metrics, log, securityLog, clock, tracer };
    try {
      return new Hub(await assembleHub({ hubId: record.id, ...common }));
    } catch (error) {
      // Its timer would keep a process alive that has nothing to serve.
      metrics.close();
      await policy.close();
      throw error;
    }
  }

  get quicAddress(): SocketAddress {
    return this.#parts.endpoint.address;
  }

  get httpsAddress(): SocketAddress {
    return this.#parts.api.address;
  }

  /** How long {@link Hub.close} lets exchanges finish, in milliseconds. */
  get drainMs(): number {
    return this.#parts.settings.current.drainMs;
  }

  /**
   * Puts the reloadable part of the configuration in force as its sources have it now.
   * @throws QconnError `config_invalid`, `database_unavailable`: then everything is as it was
   */
  reload(actor: string): Promise<Reloaded> {
    return reloadConfig(this.#parts, { actor, now: this.#parts.clock.now() });
  }

  /** Stops: new work is refused, clients are told to come back, what runs may finish within the drain time. */
  async close(): Promise<void> {
    const { certificate, endpoint, relay, api, housekeeping, trust, refusals, policy, metrics } = this.#parts;
    this.#sweep.cancel();
    certificate.close();
    await endpoint.drain(this.drainMs);
    relay.close();
    // Until here it answers, that it is not ready among the rest.
    await api.close();
    const error = new QconnError('going_away', 'The hub is stopping.');
    await endpoint.close(error.wire, error.message);
    await housekeeping.close();
    await trust.close();
    await refusals.close();
    await policy.close();
    metrics.close();
  }

  #certificateRenewed(failure: unknown): void {
    const { log, endpoint, api, certificate } = this.#parts;
    if (failure !== undefined) {
      log.error(
        { event: 'server_certificate_not_renewed', err: failure },
        'The hub’s own certificate could not be renewed; it is tried again in a minute.',
      );
      return;
    }
    endpoint.reload(certificate.tls);
    api.reload(certificate.https);
    log.info({ event: 'server_certificate_renewed' }, 'The hub’s own certificate was renewed.');
  }

  /** Machines are told whom to trust at once; what the hub itself presents and trusts follows with its certificate. */
  #authorityChanged(): void {
    this.#parts.trust.changed();
    this.#parts.certificate.renewNow((failure) => this.#certificateRenewed(failure));
  }

  #armSweep(): Timer {
    return this.#parts.clock.setTimer(SWEEP_MS, () => {
      this.#parts.relay.sweep();
      this.#parts.recent.sweep();
      this.#parts.calls.sweep();
      this.#sweep = this.#armSweep();
    });
  }
}
