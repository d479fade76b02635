import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import type { Client } from '@qconn/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Site } from '../src/site.ts';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

let site: Site;
let lims: Client;
let printer: Client;

beforeAll(async () => {
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  site = await Site.open({ tracer: provider.getTracer('hub') });
  lims = await site.member('lims', [{ effect: 'allow', verb: 'submit', serviceTypes: ['print'] }]);
  printer = await site.member('printer', [{ effect: 'allow', verb: 'provide', serviceTypes: ['print'] }]);
  await printer.provide({ device: 'zebra-1', serviceTypes: ['print'] }, ({ body }) => {
    if (body.length === 0) throw new Error('jammed');
    provider.getTracer('printer').startSpan('cut the label').end();
    return 'printed';
  });
});

afterAll(async () => {
  await site.close();
  await provider.shutdown();
});

beforeEach(() => exporter.reset());

function span(name: string): ReadableSpan {
  const found = exporter.getFinishedSpans().find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no span ${name}`);
  return found;
}

test('one trace goes from the sender through the hub into the handler, and what that does is part of it', async () => {
  const program = provider.getTracer('lims').startSpan('release the batch');
  await context.with(trace.setSpan(context.active(), program), () => lims.request('print@printer', 'x'));
  const request = span('request print');
  const relay = span('relay print');
  const job = span('job print');
  expect(request.parentSpanContext?.spanId).toBe(program.spanContext().spanId);
  for (const child of [relay, job]) {
    expect(child.spanContext().traceId).toBe(program.spanContext().traceId);
    expect(child.parentSpanContext).toMatchObject({ spanId: request.spanContext().spanId, isRemote: true });
  }
  expect(span('cut the label').parentSpanContext?.spanId).toBe(job.spanContext().spanId);
  expect([request.kind, job.kind]).toEqual([SpanKind.CLIENT, SpanKind.SERVER]);
  expect(relay.attributes).toMatchObject({
    'qconn.service_type': 'print',
    'qconn.outcome': 'completed',
    'qconn.sender.machine': lims.machine?.fingerprint,
    'qconn.target.machine': printer.machine?.fingerprint,
    'qconn.target.device': 'zebra-1',
  });
  expect(relay.events.map(({ name }) => name)).toEqual(['forwarded', 'acknowledged']);
  expect(request.events.map(({ name }) => name)).toContain('acknowledged');
});

test('a failure is one in every span, with its code', async () => {
  await expect(lims.request('print@printer', '')).rejects.toMatchObject({ code: 'handler_failed' });
  expect(span('request print')).toMatchObject({
    status: { code: 2 },
    attributes: { 'qconn.outcome': 'handler_failed' },
  });
  expect(span('relay print')).toMatchObject({ status: { code: 2, message: 'handler_failed' } });
  expect(span('job print')).toMatchObject({ status: { code: 2, message: 'jammed' } });
});

test('a trace that the headers name already goes on; headers that name none are no harm', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  await lims.request('print', 'x', { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } });
  expect(span('relay print').spanContext().traceId).toBe(traceId);
  expect(span('request print').parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  exporter.reset();
  await lims.request('print', 'x', { headers: { traceparent: 'nonsense' } });
  expect(span('job print').spanContext().traceId).toBe(span('request print').spanContext().traceId);
});
