import { QconnError } from '@qconn/protocol';
import { Type, type Static } from 'typebox';
import type { PastExchange, RecentExchanges } from '../../relay/recent-exchanges.ts';
import type { ApiContext, App } from '../app.ts';
import { ExchangeSchema, PageQuery, pageOf } from '../schemas.ts';
import { timeText } from '../time.ts';

/** Items of a page when the caller does not say, as of every list. */
const PAGE_DEFAULT = 100;

const Filter = Type.Object(
  {
    ...PageQuery.properties,
    from: Type.Optional(Type.String({ maxLength: 128, description: 'Sender: fingerprint or hostname' })),
    to: Type.Optional(Type.String({ maxLength: 128, description: 'Target: fingerprint or hostname' })),
    serviceType: Type.Optional(Type.String({ maxLength: 128 })),
    outcome: Type.Optional(Type.String({ maxLength: 64, description: '`completed`, or an error code' })),
    traceId: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
    since: Type.Optional(Type.String({ format: 'date-time', description: 'Ended then or later' })),
  },
  { additionalProperties: false },
);

/** Exchanges that ended at this hub a while ago; never what they carried. */
export function exchangeRoutes(app: App, context: ApiContext): void {
  const { policy } = context;
  const fingerprintOf = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : (policy.knownMachine(name) ?? name);
  /** @throws QconnError `invalid_state` where nothing is remembered: an empty list would say that nothing has happened */
  const remembered = (): RecentExchanges => {
    if (context.recent.enabled) return context.recent;
    throw new QconnError('invalid_state', 'This hub is set to remember no exchanges: its `timeline.entries` is 0.');
  };
  const view = (past: PastExchange): Static<typeof ExchangeSchema> => exchangeView(past, context);

  app.get(
    '/v1/exchanges',
    {
      config: { access: 'exchanges.read' },
      schema: {
        summary: 'List exchanges that have ended at this hub, the last first: when, from whom, to whom, and how',
        querystring: Filter,
        response: { 200: pageOf(ExchangeSchema) },
      },
    },
    ({ query }) => {
      const { from, to, serviceType, outcome, traceId, since, cursor, limit } = query;
      const before = cursor === undefined ? undefined : cursorOf(cursor);
      const filter = {
        from: fingerprintOf(from),
        to: fingerprintOf(to),
        serviceType,
        outcome,
        traceId,
        since: since === undefined ? undefined : Date.parse(since),
      };
      const count = limit === undefined ? PAGE_DEFAULT : Number(limit);
      const { items, next } = remembered().list(filter, count, before);
      return { items: items.map(view), ...(next !== undefined && { next: String(next) }) };
    },
  );

  app.get(
    '/v1/exchanges/:id',
    {
      config: { access: 'exchanges.read' },
      schema: {
        summary: 'Show an exchange that has ended at this hub',
        params: Type.Object({ id: Type.String({ pattern: '^[0-9]{1,15}$' }) }),
        response: { 200: ExchangeSchema },
      },
    },
    ({ params }) => {
      const past = remembered().get(Number(params.id));
      if (past === undefined)
        throw new QconnError('unknown_object', `The hub remembers no exchange ${params.id} that has ended.`);
      return view(past);
    },
  );
}

function cursorOf(cursor: string): number {
  if (/^[0-9]{1,15}$/.test(cursor)) return Number(cursor);
  throw new QconnError('invalid_request', 'The cursor is not one of this list.');
}

function exchangeView(past: PastExchange, { policy }: ApiContext): Static<typeof ExchangeSchema> {
  const { id, from, serviceType, inquiry, to, outcome, deliveries, requestBytes, responseBytes, traceId } = past;
  const stages = [
    ['accepted', past.acceptedAt],
    // Both in one turn of the hub.
    ['resolved', past.forwardedAt],
    ['forwarded', past.forwardedAt],
    ['acknowledged', past.acknowledgedAt],
    [outcome === 'completed' ? 'completed' : 'failed', past.endedAt],
  ] as const;
  return {
    id: String(id),
    from: { machine: from, hostname: policy.current.machine(from)?.hostname ?? null },
    to: to === undefined ? null : { machine: to.fingerprint, hostname: to.hostname || null, device: to.device },
    serviceType,
    inquiry,
    outcome,
    stages: stages.flatMap(([stage, at]) => (at === undefined ? [] : [{ stage, at: timeText(at) }])),
    durationMs: past.endedAt - past.acceptedAt,
    deliveries,
    requestBytes,
    responseBytes,
    traceId: traceId ?? null,
  };
}
