import { context, propagation, SpanKind, trace, type Span } from '@opentelemetry/api';
import type { Headers, StageReport } from '@qconn/protocol';
import { fail, TRACER_NAME } from './span-outcome.ts';

/** What of a request's options takes part in a trace. */
interface Traced {
  readonly headers?: Headers | undefined;
  readonly onStatus?: ((report: StageReport) => void) | undefined;
}

/**
 * Sends a request inside a span, and has its headers carry the trace (W3C Trace Context) to the hub and the provider.
 * Without an OpenTelemetry SDK in the program nothing is added.
 */
export async function traceRequest<Options extends Traced, Result>(
  serviceType: string,
  options: Options,
  send: (options: Options) => Promise<Result>,
): Promise<Result> {
  const { headers = {}, onStatus } = options;
  // A trace that the caller's own headers name goes on; else the one that the program is in.
  const parent = 'traceparent' in headers ? propagation.extract(context.active(), headers) : context.active();
  const span = trace
    .getTracer(TRACER_NAME)
    .startSpan(
      `request ${serviceType}`,
      { kind: SpanKind.CLIENT, attributes: { 'messaging.system': 'qconn', 'qconn.service_type': serviceType } },
      parent,
    );
  const carrier: Record<string, string> = {};
  propagation.inject(trace.setSpan(parent, span), carrier);
  const carried = Object.keys(carrier).length > 0;
  if (!carried && !span.isRecording()) return send(options);
  const traced = { ...options, headers: { ...headers, ...carrier }, onStatus: noting(span, onStatus) };
  try {
    return await send(traced);
  } catch (error) {
    fail(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Stages become events of the span, with the hub's time. */
function noting(span: Span, onStatus: Traced['onStatus']): (report: StageReport) => void {
  return (report) => {
    const { stage, at, target } = report;
    span.addEvent(stage, at);
    if (target !== undefined)
      span.setAttributes({ 'qconn.target.machine': target.fingerprint, 'qconn.target.device': target.device });
    onStatus?.(report);
  };
}
