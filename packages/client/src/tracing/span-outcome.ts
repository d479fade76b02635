import { SpanStatusCode, type Span } from '@opentelemetry/api';
import { isQconnError } from '@qconn/protocol';

/** Under which the spans of this library appear. */
export const TRACER_NAME = '@qconn/client';

/** Marks a span as failed, with the error's code where it is one of ours. */
export function fail(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  if (isQconnError(error)) span.setAttribute('qconn.outcome', error.code);
}
