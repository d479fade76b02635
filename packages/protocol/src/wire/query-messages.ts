import { QconnError } from '../errors.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { atMost, MapFields } from './map-fields.ts';
import type { PackedWriter } from './packed-writer.ts';
import {
  checkFilter,
  PROVIDERS_PER_FRAME_MAX,
  readFilter,
  readProviders,
  type Provider,
  type ProviderFilter,
} from './provider.ts';
import { encodeMapFrame } from './session-messages.ts';

const STATES = ['online', 'offline', 'any'] as const;

/** Which machines a query looks for. */
export type QueriedState = (typeof STATES)[number];

/** What a query looks for. */
export interface Query extends ProviderFilter {
  /** `online` when left out. The other two need a service type. */
  readonly state?: QueriedState | undefined;
}

/** One part of a query's answer. */
export interface QueryResult {
  readonly providers: readonly Provider[];
  readonly last: boolean;
}

/** @throws QconnError `bad_address`; `invalid_request` for a state that is none */
export function encodeQuery(writer: PackedWriter, id: number, query: Query): Uint8Array {
  checkFilter(query);
  const { serviceType, machine, state } = query;
  if (state !== undefined && !STATES.includes(state))
    throw new QconnError(
      'invalid_request',
      `The state of a query is ${STATES.join(', ')}, not ${JSON.stringify(state)}.`,
    );
  return encodeMapFrame(writer, FrameType.Query, id, { serviceType, machine, state });
}

/** @throws QconnError `bad_frame` */
export function decodeQuery(frame: Frame): Query {
  const fields = MapFields.of(frame.control, 'Query');
  return { ...readFilter(fields), state: fields.optionalWord('state', STATES) };
}

/** @throws QconnError `too_large` when the providers do not fit one frame: send fewer and say that more follow */
export function encodeQueryResult(writer: PackedWriter, id: number, result: QueryResult): Uint8Array {
  atMost(PROVIDERS_PER_FRAME_MAX, result.providers.length, 'providers');
  return encodeMapFrame(writer, FrameType.QueryResult, id, { ...result });
}

/** @throws QconnError `bad_frame` */
export function decodeQueryResult(frame: Frame): QueryResult {
  const fields = MapFields.of(frame.control, 'QueryResult');
  return { providers: readProviders(fields), last: fields.flag('last') };
}
