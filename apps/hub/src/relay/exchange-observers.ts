import type { Tracer } from '@opentelemetry/api';
import type { Clock } from '@qconn/clock';
import type { ErrorCode } from '@qconn/protocol';
import type { Logger } from '@qconn/startup';
import type { ExchangeMetrics } from '../metrics/exchange-metrics.ts';
import type { SecurityLog } from '../security/security-log.ts';
import type { MachineSession } from '../session/machine-session.ts';
import { ExchangeSpans, traceParentOf } from './exchange-spans.ts';
import type { HubExchange } from './hub-exchange.ts';
import type { RecentExchanges } from './recent-exchanges.ts';
import type { RelayDependencies } from './relay-dependencies.ts';

/** Who is told of exchanges. */
export interface ExchangeObservers {
  readonly clock: Clock;
  readonly log: Logger;
  readonly security: SecurityLog;
  readonly metrics: ExchangeMetrics;
  readonly recent: RecentExchanges;
  readonly tracer: Tracer | undefined;
}

/** What the relay tells of its exchanges, passed on to the log, the metrics, the timeline and the trace. */
export function observeExchanges({
  clock,
  log,
  security,
  metrics,
  recent,
  tracer,
}: ExchangeObservers): Pick<
  RelayDependencies,
  'onEnded' | 'onRefused' | 'onRelayed' | 'onBodiesOver' | 'traceParentOf'
> {
  const spans = tracer === undefined ? undefined : new ExchangeSpans(tracer, clock);
  return {
    onEnded: (exchange, outcome) => {
      logEnded(log, exchange, outcome);
      if (outcome === 'forbidden') tellRefusedMessage(security, exchange);
      metrics.ended(exchange, outcome);
      recent.add(exchange, outcome);
      spans?.ended(exchange, outcome);
    },
    onRefused: (code) => metrics.refused(code),
    onRelayed: (kind, bytes) => metrics.relayed(kind, bytes),
    onBodiesOver: (exchangeId, bytes) => recent.resize(exchangeId, bytes),
    traceParentOf: recent.enabled || spans !== undefined ? traceParentOf : undefined,
  };
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

/** The sender's own session says where from; what the message was about is nobody's business here. */
function tellRefusedMessage(security: SecurityLog, { senderFingerprint, sender }: HubExchange): void {
  const { remote } = (sender?.value as MachineSession | undefined)?.connection ?? {};
  const actor = `machine:${senderFingerprint}`;
  if (remote !== undefined)
    security.tell({ event: 'message_refused', remote: remote.host, port: remote.port, code: 'forbidden', actor });
}
