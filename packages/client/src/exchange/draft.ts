import {
  checkAddress,
  encodeHeaders,
  JOB_DEADLINE_MS,
  parseAddress,
  RESOLUTION_DEADLINE_MS,
  type Address,
  type Headers,
  type Request,
} from '@qconn/protocol';
import { packContent, type BodySource, type Content } from '../body/content.ts';
import { wrongArgument } from '../wrong-argument.ts';
import type { FanOutObserver, RequestObserver } from './request-observer.ts';

/** What `Client.request` and `Client.requestAll` have in common. */
interface SendOptions {
  readonly headers?: Headers | undefined;
  /** Time from `accepted` to `acknowledged` in milliseconds, 1 … 86,400,000; waiting for the hub counts. Default 10,000. */
  readonly resolutionMs?: number | undefined;
  /** Time from the acknowledgement to the result in milliseconds, 1 … 86,400,000. Default 30,000. */
  readonly jobMs?: number | undefined;
  /** At most 128 bytes. For an hour the provider runs a job under this key at most once, and repeats the first outcome. */
  readonly idempotencyKey?: string | undefined;
  /** Without a connection: wait for one until the resolution deadline, or fail at once. Default `wait`. */
  readonly whenOffline?: 'wait' | 'fail' | undefined;
}

/** Options of `Client.request`. */
export interface RequestOptions extends SendOptions, RequestObserver {
  /**
   * Of several providers, the same key goes to the same one for as long as it is there, however busy it is. At most 128
   * bytes. Without a key: the provider with the fewest exchanges in flight.
   */
  readonly stickyKey?: string | undefined;
  /** If the target is not there, wait for it until the resolution deadline instead of failing at once. Default false. */
  readonly waitForTarget?: boolean | undefined;
}

/** Options of `Client.job`. */
export type InquiryOptions = Pick<RequestOptions, 'resolutionMs' | 'jobMs' | 'whenOffline' | 'signal'>;

/** Options of `Client.requestAll`. */
export interface FanOutOptions extends SendOptions, FanOutObserver {
  /** Most providers to reach, 1 … 256; the least busy first. Default 256. */
  readonly limit?: number | undefined;
}

const NOTHING = new Uint8Array(0);

/** @throws QconnError `bad_address`; `invalid_request` for what is none at all */
export function addressOf(address: Address | string): Address {
  if (typeof address === 'string') return parseAddress(address);
  const given: Partial<Record<keyof Address, unknown>> | null | undefined = address;
  if (typeof given?.serviceType !== 'string')
    throw wrongArgument('The address', 'text such as print@printer-pc/zebra-1, or an object with a serviceType', given);
  const { machine = '', device = '' } = given;
  if (typeof machine !== 'string') throw wrongArgument('The machine in the address', 'text', machine);
  if (typeof device !== 'string') throw wrongArgument('The device in the address', 'text', device);
  return checkAddress(address);
}

/** @throws QconnError `invalid_request` */
function checkOptions(options: SendOptions & RequestObserver & Pick<RequestOptions, 'stickyKey'>): void {
  if (typeof options !== 'object' || options === null) throw wrongArgument('The last argument', 'an object', options);
  const { idempotencyKey = 'key', stickyKey = 'key', signal, onStatus, onProgress } = options;
  if (typeof idempotencyKey !== 'string') throw wrongArgument('idempotencyKey', 'text', idempotencyKey);
  if (typeof stickyKey !== 'string') throw wrongArgument('stickyKey', 'text', stickyKey);
  if (signal !== undefined && typeof signal.addEventListener !== 'function')
    throw wrongArgument('signal', 'an AbortSignal', signal);
  if (onStatus !== undefined && typeof onStatus !== 'function') throw wrongArgument('onStatus', 'a function', onStatus);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw wrongArgument('onProgress', 'a function', onProgress);
}

/** What goes to the hub, and the body that is sent when the hub asks for it. @throws QconnError for what cannot be sent */
export function draft(
  address: Address,
  body: Content,
  options: SendOptions & Pick<RequestOptions, 'stickyKey' | 'waitForTarget'>,
): { request: Request; source: BodySource | undefined } {
  checkOptions(options);
  const packed = packContent(body);
  if (packed === undefined)
    throw wrongArgument('The body', 'bytes, text, a Blob, or a stream or iterable of bytes', body);
  const source = 'source' in packed ? packed.source : undefined;
  const resolutionMs = options.resolutionMs ?? RESOLUTION_DEADLINE_MS;
  // Before anything is taken from it; the upper end is looked at when it is written.
  if (!(resolutionMs >= 1)) throw wrongArgument('resolutionMs', 'at least 1 (milliseconds)', resolutionMs);
  const request = {
    address,
    resolutionMs,
    jobMs: options.jobMs ?? JOB_DEADLINE_MS,
    idempotencyKey: options.idempotencyKey,
    stickyKey: options.stickyKey,
    waitForTarget: options.waitForTarget ?? false,
    inquiry: false,
    headers: options.headers === undefined ? NOTHING : encodeHeaders(options.headers),
    body: 'inline' in packed ? packed.inline : NOTHING,
    streamed: source && { length: source.length },
  };
  return { request, source };
}
