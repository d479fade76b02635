import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import type { Answer, Handler, Job } from '../exchange/job.ts';
import { isTraced } from './is-traced.ts';
import { fail, TRACER_NAME } from './span-outcome.ts';

/**
 * A handler that runs inside a span of the trace that its job's headers name (W3C Trace Context), so that what it does
 * is part of it. Without an OpenTelemetry SDK in the program it runs as it is.
 */
export function tracedHandler(handler: Handler): Handler {
  return (job) => (isTraced() ? runTraced(handler, job) : handler(job));
}

async function runTraced(handler: Handler, job: Job): Promise<Answer> {
  const { serviceType, device, headers, from } = job;
  const parent = propagation.extract(context.active(), headers);
  const attributes = {
    'messaging.system': 'qconn',
    'qconn.service_type': serviceType,
    'qconn.target.device': device,
    'qconn.sender.machine': from.fingerprint,
  };
  const span = trace
    .getTracer(TRACER_NAME)
    .startSpan(`job ${serviceType}`, { kind: SpanKind.SERVER, attributes }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), () => handler(job));
  } catch (error) {
    fail(span, error);
    throw error;
  } finally {
    span.end();
  }
}
