import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Tracer,
} from '@opentelemetry/api';
import type { Clock } from '@qconn/clock';
import { headerIn, type ErrorCode } from '@qconn/protocol';
import type { HubExchange } from './hub-exchange.ts';

/** Version, trace id, id of the parent span, flags (W3C Trace Context, section 3.2.2). */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?<traceId>[0-9a-f]{32})-(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(?:$|-)/;

/** The trace that the sender's headers name. */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

/** @param headers a header block, passed on as it is */
export function traceParentOf(headers: Uint8Array): TraceParent | undefined {
  if (headers.length === 0) return undefined;
  const groups = TRACEPARENT.exec(headerIn(headers, 'traceparent') ?? '')?.groups;
  const { traceId, spanId, flags } = groups ?? {};
  return traceId === undefined || spanId === undefined || flags === undefined
    ? undefined
    : { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** Gives each exchange that ends a span of its sender's trace: the time at the hub, with the stages as events. */
export class ExchangeSpans {
  readonly #tracer: Tracer;
  readonly #clock: Clock;

  constructor(tracer: Tracer, clock: Clock) {
    this.#tracer = tracer;
    this.#clock = clock;
  }

  ended({ senderFingerprint, value }: HubExchange, outcome: ErrorCode | 'completed'): void {
    const { acceptedAt, acceptedMonotonic, forwardedMonotonic, acknowledgedMonotonic, serviceType, target } = value;
    const at = (monotonic: number): number => acceptedAt + monotonic - acceptedMonotonic;
    const span = this.#tracer.startSpan(
      `relay ${serviceType}`,
      {
        kind: SpanKind.INTERNAL,
        startTime: acceptedAt,
        attributes: {
          'messaging.system': 'qconn',
          'qconn.service_type': serviceType,
          'qconn.sender.machine': senderFingerprint,
          'qconn.outcome': outcome,
          ...(target && { 'qconn.target.machine': target.fingerprint, 'qconn.target.device': target.device }),
        },
      },
      contextOf(value.traceParent),
    );
    if (forwardedMonotonic !== undefined) span.addEvent('forwarded', at(forwardedMonotonic));
    if (acknowledgedMonotonic !== undefined) span.addEvent('acknowledged', at(acknowledgedMonotonic));
    if (outcome !== 'completed') span.setStatus({ code: SpanStatusCode.ERROR, message: outcome });
    span.end(at(this.#clock.monotonic()));
  }
}

function contextOf(parent: TraceParent | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, flags } = parent;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: flags & TraceFlags.SAMPLED,
    isRemote: true,
  });
}
