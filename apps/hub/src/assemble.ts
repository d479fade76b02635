import { randomUUID } from 'node:crypto';
import type { Tracer } from '@opentelemetry/api';
import type { Clock } from '@qconn/clock';
import { shortCode } from '@qconn/identity';
import { SessionTable } from '@qconn/routing';
import type { Logger } from '@qconn/startup';
import type { Store } from '@qconn/store';
import type { Endpoint } from '@qconn/transport';
import { MachineCertificates } from './admission/certificates.ts';
import type { HubAuthority } from './authority/hub-authority.ts';
import { recordServer } from './authority/record-server.ts';
import { ServerCertificate } from './authority/server-certificate.ts';
import { certificateOptions } from './config/certificate-options.ts';
import { listenHost } from './config/listen-host.ts';
import type { LiveSettings } from './config/live-settings.ts';
import { loadEndpointSecret } from './endpoint-secret.ts';
import { Housekeeping } from './housekeeping.ts';
import { HttpApi } from './http/http-api.ts';
import type { HubMetrics } from './metrics/hub-metrics.ts';
import type { LivePolicy } from './policy/live-policy.ts';
import { HubFrameMemory } from './relay/frame-memory.ts';
import { Intake } from './relay/intake.ts';
import { observeExchanges } from './relay/exchange-observers.ts';
import type { Peer } from './relay/peer.ts';
import { RecentExchanges } from './relay/recent-exchanges.ts';
import { Relay } from './relay/relay.ts';
import { quotaRates, relayLimits } from './relay/relay-limits.ts';
import { RefusalAudit } from './security/refusal-audit.ts';
import { SecurityLog } from './security/security-log.ts';
import { SessionSecurity } from './security/session-security.ts';
import { listenForMachines } from './session/machine-endpoint.ts';
import { SessionBook } from './session/session-book.ts';
import { SessionCalls } from './session/session-calls.ts';
import { SessionLog } from './session/session-log.ts';
import { SessionObservers } from './session/session-observers.ts';
import { TrustDistribution } from './session/trust-distribution.ts';
import { Watches } from './session/watches.ts';

/** What the parts of a hub are made from. */
export interface HubFoundation {
  readonly hubId: string;
  readonly settings: LiveSettings;
  readonly store: Store;
  readonly authority: HubAuthority;
  readonly policy: LivePolicy;
  readonly metrics: HubMetrics;
  readonly log: Logger;
  readonly securityLog: Logger;
  readonly clock: Clock;
  readonly tracer: Tracer | undefined;
}

/** What of a hub has to be told of changes, looked after, or closed. */
export interface HubParts extends HubFoundation {
  readonly refusals: RefusalAudit;
  readonly relay: Relay;
  readonly recent: RecentExchanges;
  readonly calls: SessionCalls;
  readonly trust: TrustDistribution;
  readonly housekeeping: Housekeeping;
  readonly certificate: ServerCertificate;
  readonly endpoint: Endpoint;
  readonly api: HttpApi;
}

/**
 * Puts the parts of a hub together, and listens: first for machines, then for administrators.
 * @throws QconnError `address_in_use`, `ca_unusable`
 */
export async function assembleHub(foundation: HubFoundation): Promise<HubParts> {
  const { hubId, settings, store, authority, policy, metrics, log, securityLog, clock, tracer } = foundation;
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
  const refusals = new RefusalAudit({ clock, store, log, hubId });
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
  const memory = new HubFrameMemory();
  const relay = new Relay(
    {
      clock,
      memory,
      random,
      sessions: table,
      policy: () => policy.current,
      knownMachine: (machine) => policy.knownMachine(machine),
      ...observeExchanges({ clock, log, security, metrics: metrics.exchanges, recent, tracer }),
    },
    relayLimits(() => settings.current),
  );
  const intake = new Intake({ clock, relay, memory });
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
  const hub = { id: hubId, epoch: randomUUID() };
  const sessions = new SessionBook(policy, {
    clock,
    sessions: table,
    relay,
    intake,
    memory,
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
  metrics.show({ store, watches, sessions, relay, intake, policy, certificate, authority, housekeeping });
  const endpoint = await listenForMachines(
    {
      clock,
      log,
      policy,
      sessions,
      relay,
      tls: certificate.tls,
      secret: await loadEndpointSecret(config.dataFolder, authority.issuing),
      onTurn: () => intake.serve(),
      onRefused: (refused) => {
        sessionSecurity.handshakeRefused(refused);
        metrics.sessions.handshakeRefused(refused);
      },
      onHandlerError: (failed) => {
        if (failed.kind === 'authentication') observer.refused(failed);
        else sessionLog.handlerFailed(failed);
      },
    },
    config,
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
      hubId,
      host: listenHost(config.listen.host),
      port: config.listen.httpsPort,
      tls: certificate.https,
      quicPort: endpoint.address.port,
      advertise: config.advertise,
      settings,
    },
  ).catch(async (error: unknown) => {
    await endpoint.close();
    throw error;
  });
  return { ...foundation, refusals, relay, recent, calls, trust, housekeeping, certificate, endpoint, api };
}
