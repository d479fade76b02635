import { propagation, ProxyTracerProvider, trace } from '@opentelemetry/api';
import { TRACER_NAME } from './span-outcome.ts';

/**
 * Whether anybody has set OpenTelemetry up in this program, which may happen at any time. Where nobody has, spans are made
 * and nothing comes of them, and that costs as much as the rest of a request.
 */
export function isTraced(): boolean {
  const provider = trace.getTracerProvider();
  return (
    !(provider instanceof ProxyTracerProvider) ||
    provider.getDelegateTracer(TRACER_NAME) !== undefined ||
    propagation.fields().length > 0
  );
}
