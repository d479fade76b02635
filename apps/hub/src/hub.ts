import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { Tracer } from '@opentelemetry/api';
import { systemClock, type Clock, type Timer } from '@qconn/clock';
import { shortCode, type IssuedCertificate } from '@qconn/identity';
import {
  ALPN_QCONN_1,
  LANES_PER_CONNECTION_MAX,
  STREAM_WINDOW_BYTES,
  QconnError,
  type ErrorCode,
} from '@qconn/protocol';
import { SessionTable } from '@qconn/routing';
import type { Logger } from '@qconn/startup';
import type { Store } from '@qconn/store';
import { createQuicEndpoint, type Endpoint, type SocketAddress } from '@qconn/transport';
import { MachineCertificates } from './admission/certificates.ts';
import type { HubAuthority } from './authority/hub-authority.ts';
import { ServerCertificate } from './authority/server-certificate.ts';
import { certificateOptions } from './config/certificate-options.ts';
import type { HubConfig } from './config/hub-config.ts';
import { LiveSettings, type Reloaded } from './config/live-settings.ts';
import { reloadConfig, type ReloadDependencies } from './config/reload-config.ts';
import { loadEndpointSecret } from './endpoint-secret.ts';
import { Housekeeping } from './housekeeping.ts';
import { HttpApi } from './http/http-api.ts';
import { HubMetrics } from './metrics/hub-metrics.ts';
import { LivePolicy } from './policy/live-policy.ts';
import type { HubExchange } from './relay/hub-exchange.ts';
import type { Peer } from './relay/peer.ts';
import { ExchangeSpans, traceParentOf } from './relay/exchange-spans.ts';
import { RecentExchanges } from './relay/recent-exchanges.ts';
import { Relay } from './relay/relay.ts';
import { quotaRates, relayLimits } from './relay/relay-limits.ts';
import { identityProvider } from './session/identity-provider.ts';
import { machineProtocol } from './session/machine-protocol.ts';
import { RefusalAudit } from './security/refusal-audit.ts';
import { SecurityLog } from './security/security-log.ts';
import { SessionSecurity } from './security/session-security.ts';
import type { MachineSession } from './session/machine-session.ts';
import { SessionBook } from './session/session-book.ts';
import { SessionCalls } from './session/session-calls.ts';
import { SessionLog } from './session/session-log.ts';
import { SessionObservers } from './session/session-observers.ts';
import { TrustDistribution } from './session/trust-distribution.ts';
import { Watches } from './session/watches.ts';

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

/** How often quotas of quiet machines are forgotten, in milliseconds. */
const SWEEP_MS = 60_000;

/** A running hub. */
export class Hub {
  readonly #settings: LiveSettings;
  readonly #refusals: RefusalAudit;
  readonly #reload: ReloadDependencies;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: HubMetrics;
  readonly #policy: LivePolicy;
  readonly #relay: Relay;
  readonly #recent: RecentExchanges;
  readonly #trust: TrustDistribution;
  readonly #housekeeping: Housekeeping;
  readonly #certificate: ServerCertificate;
  readonly #endpoint: Endpoint;
  readonly #api: HttpApi;
  #sweep: Timer;

  private constructor(parts: {
    settings: LiveSettings;
    store: Store;
    refusals: RefusalAudit;
    clock: Clock;
    log: Logger;
    metrics: HubMetrics;
    policy: LivePolicy;
    relay: Relay;
    recent: RecentExchanges;
    authority: HubAuthority;
    trust: TrustDistribution;
    housekeeping: Housekeeping;
    certificate: ServerCertificate;
    endpoint: Endpoint;
    api: HttpApi;
  }) {
    this.#settings = parts.settings;
    this.#refusals = parts.refusals;
    this.#reload = { settings: parts.settings, store: parts.store, log: parts.log };
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#metrics = parts.metrics;
    this.#policy = parts.policy;
    this.#relay = parts.relay;
    this.#recent = parts.recent;
    this.#trust = parts.trust;
    this.#housekeeping = parts.housekeeping;
    this.#certificate = parts.certificate;
    this.#endpoint = parts.endpoint;
    this.#api = parts.api;
    this.#certificate.keep((failure) => this.#certificateRenewed(failure));
    parts.authority.onChange(() => this.#authorityChanged());
    this.#housekeeping.start();
    this.#sweep = this.#armSweep();
  }

  /**
   * Starts a hub: QUIC and HTTPS listen when the promise resolves. The store stays its owner's to close.
   * @throws QconnError `not_initialised`, `address_in_use`, `database_unavailable`, `ca_unusable`
   */
  static async start(config: HubConfig, dependencies: HubDependencies): Promise<Hub> {
    const { store, log, clock = systemClock, readConfig = () => config } = dependencies;
    // Its lines are written whatever the level of the rest is.
    const { securityLog = log.child({ log: 'security' }, { level: 'info' }) } = dependencies;
    const settings = new LiveSettings(config, readConfig);
    const record = await store.hub.find();
    if (record === undefined) throw new QconnError('not_initialised', 'The database holds no hub.');
    const policy = await LivePolicy.start({ source: store.policy, clock, log }, config.policy);
    const metrics = new HubMetrics(clock);
    try {
      return await Hub.#listen(settings, { ...dependencies, securityLog, clock, record, policy, metrics });
    } catch (error) {
      // Its timer would keep a process alive that has nothing to serve.
      metrics.close();
      await policy.close();
      throw error;
    }
  }

  static async #listen(
    settings: LiveSettings,
    {
      store,
      authority,
      log,
      securityLog,
      tracer,
      clock,
      record,
      policy,
      metrics,
    }: Required<Omit<HubDependencies, 'readConfig' | 'tracer'>> & {
      readonly tracer?: Tracer | undefined;
      readonly record: { readonly id: string };
      readonly policy: LivePolicy;
      readonly metrics: HubMetrics;
    },
  ): Promise<Hub> {
    const random = Math.random;
    const config = settings.current;
    const certificate = await ServerCertificate.issue(
      { clock, random, authority, onIssued: recordServer({ store, clock, log }) },
      config.hosts,
    );
    const certificates = new MachineCertificates(
      { clock, store, authority, observer: metrics.admission },
      certificateOptions(config),
    );
    const refusals = new RefusalAudit({ clock, store, log, hubId: record.id });
    const security = new SecurityLog({
      clock,
      log: securityLog,
      observers: [(event) => metrics.security.observe(event), (event) => refusals.observe(event)],
    });
    const table = new SessionTable<Peer>();
    const recent = new RecentExchanges(clock, {
      entries: config.timeline.entries,
      get maxAgeMs() {
        return settings.current.timeline.maxAgeMs;
      },
    });
    const spans = tracer === undefined ? undefined : new ExchangeSpans(tracer, clock);
    const relay = new Relay(
      {
        clock,
        random,
        sessions: table,
        policy: () => policy.current,
        knownMachine: (machine) => policy.knownMachine(machine),
        onEnded: (exchange, outcome) => {
          logEnded(log, exchange, outcome);
          if (outcome === 'forbidden') tellRefusedMessage(security, exchange);
          metrics.exchanges.ended(exchange, outcome);
          recent.add(exchange, outcome);
          spans?.ended(exchange, outcome);
        },
        traceParentOf: recent.enabled || spans !== undefined ? traceParentOf : undefined,
        onRefused: (code) => metrics.exchanges.refused(code),
        onRelayed: (kind, bytes) => metrics.exchanges.relayed(kind, bytes),
      },
      relayLimits(() => settings.current),
    );
    settings.onChange((now) => {
      log.level = now.log.level;
      relay.setRates(quotaRates(now));
    });
    const watches = new Watches({ sessions: table, policy });
    const calls = new SessionCalls({
      clock,
      sessions: table,
      relay,
      watches,
      policy: () => policy.current,
      renew: (auth, csr) => certificates.renew(auth, csr),
    });
    const sessionLog = new SessionLog(log);
    const trust = new TrustDistribution({ clock, authority, store, log });
    const sessionSecurity = new SessionSecurity(security);
    const observer = new SessionObservers([sessionLog, sessionSecurity, metrics.sessions, trust]);
    const hub = { id: record.id, epoch: randomUUID() };
    const sessions = new SessionBook(policy, {
      clock,
      sessions: table,
      relay,
      calls,
      watches,
      hub,
      shortCode,
      observer,
    });
    const housekeeping = new Housekeeping(
      { clock, log, store, authority, isOnline: (fingerprint) => sessions.isOnline(fingerprint) },
      { ...certificateOptions(config), keepExpiredMs: config.certificates.keepExpiredMs },
    );
    metrics.show({ store, watches, sessions, relay, policy, certificate, authority, housekeeping });
    const { quicPort, httpsPort } = config.listen;
    const host = listenHost(config.listen.host);
    const endpoint = await createQuicEndpoint(
      {
        clock,
        onWarning: (message) => log.warn({ event: 'insecure_debug' }, message),
        onRefused: (refused) => {
          sessionSecurity.handshakeRefused(refused);
          metrics.sessions.handshakeRefused(refused);
        },
        identify: identityProvider(policy),
        onHandlerError: (failed) => {
          if (failed.kind === 'authentication') observer.refused(failed);
          else sessionLog.handlerFailed(failed);
        },
      },
      {
        host,
        port: quicPort,
        tls: certificate.tls,
        maxStreamWindowBytes: STREAM_WINDOW_BYTES,
        // Bodies that nobody reads leave room for the lanes, and lanes that are paused for the others.
        connectionWindowBytes: STREAM_WINDOW_BYTES * (config.limits.bodyStreams + LANES_PER_CONNECTION_MAX),
        secret: await loadEndpointSecret(config.dataFolder, authority.issuing),
        ...(config.log.insecureDebugFolder !== undefined && { insecureDebugFolder: config.log.insecureDebugFolder }),
        // A machine session answers an early hello, and does nothing else before the handshake has finished.
        earlyData: true,
        handlers: { [ALPN_QCONN_1]: machineProtocol({ clock, sessions, relay }) },
      },
    );
    const api = await HttpApi.listen(
      {
        clock,
        store,
        authority,
        serverCertificate: certificate,
        certificates,
        graceMs: config.certificates.graceMs,
        policy,
        sessions,
        metrics,
        security,
        recent,
        log,
        draining: () => relay.draining,
      },
      {
        hubId: record.id,
        host,
        port: httpsPort,
        tls: certificate.https,
        quicPort: endpoint.address.port,
        advertise: config.advertise,
        settings,
      },
    ).catch(async (error: unknown) => {
      await endpoint.close();
      throw error;
    });
    return new Hub({
      settings,
      store,
      refusals,
      clock,
      log,
      metrics,
      policy,
      relay,
      recent,
      authority,
      trust,
      housekeeping,
      certificate,
      endpoint,
      api,
    });
  }

  get quicAddress(): SocketAddress {
    return this.#endpoint.address;
  }

  get httpsAddress(): SocketAddress {
    return this.#api.address;
  }

  /** How long {@link Hub.close} lets exchanges finish, in milliseconds. */
  get drainMs(): number {
    return this.#settings.current.drainMs;
  }

  /**
   * Puts the reloadable part of the configuration in force as its sources have it now.
   * @throws QconnError `config_invalid`, `database_unavailable`: then everything is as it was
   */
  reload(actor: string): Promise<Reloaded> {
    return reloadConfig(this.#reload, { actor, now: this.#clock.now() });
  }

  /** Stops: new work is refused, clients are told to come back, what runs may finish within the drain time. */
  async close(): Promise<void> {
    this.#sweep.cancel();
    this.#certificate.close();
    await this.#endpoint.drain(this.#settings.current.drainMs);
    this.#relay.close();
    // Until here it answers, that it is not ready among the rest.
    await this.#api.close();
    const error = new QconnError('going_away', 'The hub is stopping.');
    await this.#endpoint.close(error.wire, error.message);
    await this.#housekeeping.close();
    await this.#trust.close();
    await this.#refusals.close();
    await this.#policy.close();
    this.#metrics.close();
  }

  #certificateRenewed(failure: unknown): void {
    if (failure !== undefined) {
      this.#log.error(
        { event: 'server_certificate_not_renewed', err: failure },
        'The hub’s own certificate could not be renewed; it is tried again in a minute.',
      );
      return;
    }
    this.#endpoint.reload(this.#certificate.tls);
    this.#api.reload(this.#certificate.https);
    this.#log.info({ event: 'server_certificate_renewed' }, 'The hub’s own certificate was renewed.');
  }

  /** Machines are told whom to trust at once; what the hub itself presents and trusts follows with its certificate. */
  #authorityChanged(): void {
    this.#trust.changed();
    this.#certificate.renewNow((failure) => this.#certificateRenewed(failure));
  }

  #armSweep(): Timer {
    return this.#clock.setTimer(SWEEP_MS, () => {
      this.#relay.sweep();
      this.#recent.sweep();
      this.#sweep = this.#armSweep();
    });
  }
}

/** The hub's own certificates are in the inventory; one that cannot be written there is in use all the same. */
function recordServer({
  store,
  clock,
  log,
}: Pick<Required<HubDependencies>, 'store' | 'clock' | 'log'>): (
  issued: IssuedCertificate,
  hosts: readonly string[],
) => void {
  return ({ serial, issuer, notBeforeMs, notAfterMs, der }, hosts) => {
    const row = { serial, issuer, notBefore: notBeforeMs, notAfter: notAfterMs, der };
    store.credentials
      .recordAuthority([{ ...row, kind: 'server', subject: hosts.join(', ') }], { actor: 'hub', now: clock.now() })
      .catch((err: unknown) =>
        log.warn(
          { event: 'server_certificate_not_recorded', serial, err },
          'The hub’s own certificate is not in the inventory.',
        ),
      );
  };
}

/** The sender's own session says where from; what the message was about is nobody's business here. */
function tellRefusedMessage(security: SecurityLog, { senderFingerprint, sender }: HubExchange): void {
  const { remote } = (sender?.value as MachineSession | undefined)?.connection ?? {};
  const actor = `machine:${senderFingerprint}`;
  if (remote !== undefined)
    security.tell({ event: 'message_refused', remote: remote.host, port: remote.port, code: 'forbidden', actor });
}

function logEnded(
  log: Logger,
  { id, senderFingerprint, target, value }: HubExchange,
  outcome: ErrorCode | 'completed',
): void {
  log.debug(
    {
      event: 'exchange_ended',
      exchange: id,
      from: senderFingerprint,
      serviceType: value.serviceType,
      to: target?.session.fingerprint,
      device: target?.name,
      outcome,
    },
    'An exchange ended.',
  );
}

/** A system without IPv6 cannot listen at `::`; what was meant is every address. */
function listenHost(host: string): string {
  const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family }) => family === 'IPv6'),
  );
  return host === '::' && !hasIpv6 ? '0.0.0.0' : host;
}
