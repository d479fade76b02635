import type { Clock } from '@qconn/clock';
import type { ErrorCode, ResolvedTarget } from '@qconn/protocol';
import type { HubExchange } from './hub-exchange.ts';
import type { BodyBytes } from './relay-dependencies.ts';

/** What is remembered of an exchange that is over: metadata, never headers or bodies. Times are wall-clock milliseconds. */
export interface PastExchange {
  /** The hub's number for it, unique within one run of the hub. */
  readonly id: number;
  readonly from: string;
  readonly serviceType: string;
  /** It asked what became of a job: its outcome is what it was told of that. */
  readonly inquiry: boolean;
  /** Where it went; absent when no target was found. */
  readonly to: ResolvedTarget | undefined;
  readonly outcome: ErrorCode | 'completed';
  readonly acceptedAt: number;
  readonly forwardedAt: number | undefined;
  readonly acknowledgedAt: number | undefined;
  readonly endedAt: number;
  /** How often it was sent to its target; more than once after the target's connection was lost. */
  readonly deliveries: number;
  /** Bytes of bodies; of a streamed one those that have passed, counted at its end. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** The trace that the sender's `traceparent` header names (W3C Trace Context, section 3.2.2.3). */
  readonly traceId: string | undefined;
}

/** Which exchanges are looked for; what is left out does not matter. */
export interface ExchangeFilter {
  /** Fingerprints. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly serviceType?: string | undefined;
  readonly outcome?: string | undefined;
  readonly traceId?: string | undefined;
  /** Ended then or later, in wall-clock milliseconds. */
  readonly since?: number | undefined;
}

/** What is kept. */
export interface RecentLimits {
  /** Exchanges; 0 keeps none. Some 130 bytes each. */
  readonly entries: number;
  readonly maxAgeMs: number;
}

/** Numbers of one exchange, in their order; a time that there is not is NaN. */
const NUMBERS = 9;
const ENDED_AT = 4;
const REQUEST_BYTES = 6;
/** Texts of one exchange, in their order. */
const TEXTS = 7;

/** Exchanges that there is room for at first; it is doubled each time, up to the limit. */
const FIRST_ROOM = 1_024;

/**
 * The exchanges that ended last, in a ring: a new one takes the place of the oldest. They are kept in columns: objects would
 * outlive V8's young generation on a busy hub, and only a full collection would free them. Kept in memory only.
 */
export class RecentExchanges {
  readonly #clock: Clock;
  readonly #limits: RecentLimits;
  readonly #texts: (string | undefined)[] = [];
  #numbers = new Float64Array(0);
  /** How many have ever been kept; the number of one is its place in that order. */
  #count = 0;

  constructor(clock: Clock, limits: RecentLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Whether anything is kept. */
  get enabled(): boolean {
    return this.#limits.entries > 0;
  }

  add(exchange: HubExchange, outcome: ErrorCode | 'completed'): void {
    if (!this.enabled) return;
    const { value } = exchange;
    const { acceptedAt, acceptedMonotonic, target } = value;
    const wall = acceptedAt - acceptedMonotonic;
    const place = this.#count % this.#limits.entries;
    const numbers = this.#roomFor(place);
    let at = place * NUMBERS;
    numbers[at++] = exchange.id;
    numbers[at++] = acceptedAt;
    numbers[at++] = wall + (value.forwardedMonotonic ?? Number.NaN);
    numbers[at++] = wall + (value.acknowledgedMonotonic ?? Number.NaN);
    numbers[at++] = wall + this.#clock.monotonic();
    numbers[at++] = value.deliveries;
    numbers[at++] = value.requestBytes;
    numbers[at++] = value.responseBytes;
    numbers[at++] = value.inquiry ? 1 : 0;
    const texts = this.#texts;
    at = place * TEXTS;
    texts[at++] = exchange.senderFingerprint;
    texts[at++] = value.serviceType;
    texts[at++] = target?.fingerprint;
    texts[at++] = target?.hostname;
    texts[at++] = target?.device;
    texts[at++] = outcome;
    texts[at++] = value.traceParent?.traceId;
    this.#count += 1;
  }

  /** The one that ended last under the hub's number. */
  get(id: number): PastExchange | undefined {
    const place = this.#placeOf(id);
    const past = place === undefined ? undefined : this.#read(place);
    return past === undefined || past.endedAt < this.#clock.now() - this.#limits.maxAgeMs ? undefined : past;
  }

  /** The streamed bodies of one have come to their end, which is later than its own. */
  resize(id: number, { requestBytes, responseBytes }: BodyBytes): void {
    const place = this.#placeOf(id);
    if (place !== undefined) this.#numbers.set([requestBytes, responseBytes], place * NUMBERS + REQUEST_BYTES);
  }

  /**
   * Exchanges that fit, the one that ended last first.
   * @param before number of the last of the page before, which it returned as `next`
   */
  list(filter: ExchangeFilter, limit: number, before?: number): { items: PastExchange[]; next: number | undefined } {
    const items: PastExchange[] = [];
    let next: number | undefined;
    for (const [past, number] of this.#newestFirst(Math.min(before ?? this.#count, this.#count))) {
      if (filter.since !== undefined && past.endedAt < filter.since) break;
      if (!fits(past, filter)) continue;
      if (items.length === limit) return { items, next };
      items.push(past);
      next = number;
    }
    return { items, next: undefined };
  }

  /** Where the one is that ended last under the hub's number. */
  #placeOf(id: number): number | undefined {
    const { entries } = this.#limits;
    for (let number = this.#count - 1; number >= Math.max(0, this.#count - entries); number -= 1)
      if (this.#numbers[(number % entries) * NUMBERS] === id) return number % entries;
    return undefined;
  }

  *#newestFirst(before: number): Generator<[past: PastExchange, number: number]> {
    const { entries, maxAgeMs } = this.#limits;
    const oldest = this.#clock.now() - maxAgeMs;
    for (let number = before - 1; number >= 0 && number >= this.#count - entries; number -= 1) {
      const past = this.#read(number % entries);
      if (past.endedAt < oldest) return;
      yield [past, number];
    }
  }

  /** Lets go of what is too old to be shown. Call it every minute or so. */
  sweep(): void {
    const { entries, maxAgeMs } = this.#limits;
    const oldest = this.#clock.now() - maxAgeMs;
    for (let number = Math.max(0, this.#count - entries); number < this.#count; number += 1) {
      const place = number % entries;
      if ((this.#numbers[place * NUMBERS + ENDED_AT] as number) >= oldest) return;
      // An end at the beginning of time: too old, whatever age is allowed later.
      this.#numbers.fill(0, place * NUMBERS, (place + 1) * NUMBERS);
      this.#texts.fill(undefined, place * TEXTS, (place + 1) * TEXTS);
    }
  }

  #roomFor(place: number): Float64Array {
    if (this.#numbers.length > place * NUMBERS) return this.#numbers;
    const room = Math.min(this.#limits.entries, Math.max(FIRST_ROOM, 2 * place));
    const numbers = new Float64Array(room * NUMBERS);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
    return numbers;
  }

  #read(place: number): PastExchange {
    const [id, acceptedAt, forwardedAt, acknowledgedAt, endedAt, deliveries, requestBytes, responseBytes, inquiry] =
      this.#numbers.subarray(place * NUMBERS, (place + 1) * NUMBERS) as unknown as NineNumbers;
    const [from, serviceType, fingerprint, hostname, device, outcome, traceId] = this.#texts.slice(
      place * TEXTS,
      (place + 1) * TEXTS,
    ) as SevenTexts;
    return {
      id,
      from,
      serviceType,
      inquiry: inquiry === 1,
      to: fingerprint === undefined ? undefined : { fingerprint, hostname, device },
      outcome,
      acceptedAt,
      forwardedAt: time(forwardedAt),
      acknowledgedAt: time(acknowledgedAt),
      endedAt,
      deliveries,
      requestBytes,
      responseBytes,
      traceId,
    };
  }
}

type NineNumbers = [number, number, number, number, number, number, number, number, number];

/** Those of the target all there or none of them. */
type SevenTexts = [
  from: string,
  serviceType: string,
  fingerprint: string | undefined,
  hostname: string,
  device: string,
  outcome: ErrorCode | 'completed',
  traceId: string | undefined,
];

function time(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

function fits(past: PastExchange, { from, to, serviceType, outcome, traceId }: ExchangeFilter): boolean {
  return (
    (from === undefined || past.from === from) &&
    (to === undefined || past.to?.fingerprint === to) &&
    (serviceType === undefined || past.serviceType === serviceType) &&
    (outcome === undefined || past.outcome === outcome) &&
    (traceId === undefined || past.traceId === traceId)
  );
}
