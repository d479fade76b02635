import type { Clock } from '@qconn/clock';
import { Gauge, type Registry } from 'prom-client';

/** What is looked at when somebody scrapes. */
export interface LiveState {
  readonly clock: Clock;
  readonly sessions: Iterable<{
    readonly auth: { readonly status: 'pending' | 'authorized' };
    readonly bufferedBytes: number;
  }>;
  readonly store: { readonly connections: { readonly busy: number; readonly idle: number; readonly waiting: number } };
  readonly watches: { readonly size: number };
  /** `size`: exchanges that are not over. */
  readonly relay: { readonly size: number };
  /** `size`: requests in line. */
  readonly intake: { readonly size: number };
  readonly policy: {
    readonly current: { readonly generation: number };
    /** `comparedAt`: monotonic milliseconds. */
    readonly freshness: { readonly comparedAt: number; readonly reachable: boolean; readonly stale: boolean };
  };
  /** The hub's own. Times are epoch milliseconds. */
  readonly certificate: { readonly notAfterMs: number };
  readonly housekeeping: { readonly atRisk: { readonly expiresSoon: number; readonly lapsesSoon: number } };
  readonly authority: { readonly issuing: { readonly issuingNotAfterMs: number; readonly rootNotAfterMs: number } };
}

/** Registers the gauges that show the state of the hub at the time of the scrape. */
export function registerLiveGauges(registry: Registry, state: LiveState): void {
  const { clock, store, watches, sessions, relay, intake, policy, certificate, authority, housekeeping } = state;
  const statuses = new Gauge({
    name: 'qconn_sessions',
    help: 'Machines that are connected now, by status',
    labelNames: ['status'],
    registers: [],
    collect() {
      const count = { pending: 0, authorized: 0 };
      for (const { auth } of sessions) count[auth.status]++;
      for (const [status, value] of Object.entries(count)) this.set({ status }, value);
    },
  });
  registry.registerMetric(statuses);
  gauge(registry, 'qconn_exchanges_in_flight', 'Exchanges that are not over', () => relay.size);
  gauge(
    registry,
    'qconn_requests_in_line',
    'Requests that wait because more has come than the hub gets done',
    () => intake.size,
  );
  gauge(registry, 'qconn_send_queue_bytes', 'Bytes that wait for machines that do not take more now', () => {
    let bytes = 0;
    for (const { bufferedBytes } of sessions) bytes += bufferedBytes;
    return bytes;
  });
  gauge(
    registry,
    'qconn_policy_generation',
    'Generation of the policy in force; the same on every hub within a second of a change',
    () => policy.current.generation,
  );
  gauge(
    registry,
    'qconn_policy_age_seconds',
    'Time since the policy in force was last compared with the database',
    () => (clock.monotonic() - policy.freshness.comparedAt) / 1000,
  );
  gauge(registry, 'qconn_database_up', 'Whether the last look at the database succeeded: 1 or 0', () =>
    Number(policy.freshness.reachable),
  );
  gauge(
    registry,
    'qconn_policy_stale',
    '1 while the hub serves nobody, because it has been without its database for too long',
    () => Number(policy.freshness.stale),
  );
  const connections = new Gauge({
    name: 'qconn_database_connections',
    help: 'Connections to the database: busy, idle, and queries that are waiting for one',
    labelNames: ['state'],
    registers: [],
    collect() {
      const { busy, idle, waiting } = store.connections;
      for (const [name, value] of Object.entries({ busy, idle, waiting })) this.set({ state: name }, value);
    },
  });
  registry.registerMetric(connections);
  gauge(registry, 'qconn_watches', 'Watches of presence that machines have now', () => watches.size);
  const expiries = new Gauge({
    name: 'qconn_certificate_expiry_timestamp_seconds',
    help: 'End of validity in Unix time: of the hub’s own certificate, which renews itself, and of the CA’s, which do not',
    labelNames: ['certificate'],
    registers: [],
    collect() {
      this.set({ certificate: 'hub' }, certificate.notAfterMs / 1000);
      this.set({ certificate: 'issuing' }, authority.issuing.issuingNotAfterMs / 1000);
      this.set({ certificate: 'root' }, authority.issuing.rootNotAfterMs / 1000);
    },
  });
  registry.registerMetric(expiries);
  const atRisk = new Gauge({
    name: 'qconn_credentials_at_risk',
    help: 'Machines’ certificates that nobody renews, as of the last hourly look (at most 1,000): expires_soon, not connected past their renewal; lapses_soon, expired, with less than 3 days of grace left',
    labelNames: ['state'],
    registers: [],
    collect() {
      this.set({ state: 'expires_soon' }, housekeeping.atRisk.expiresSoon);
      this.set({ state: 'lapses_soon' }, housekeeping.atRisk.lapsesSoon);
    },
  });
  registry.registerMetric(atRisk);
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  registry.registerMetric(
    new Gauge({
      name,
      help,
      registers: [],
      collect() {
        this.set(read());
      },
    }),
  );
}
