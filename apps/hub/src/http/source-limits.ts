import { TokenBucket, type Rate } from '@qconn/routing';

/** Sources that are remembered one by one: 10,000 take about 3 MB. */
const SOURCES_MAX = 10_000;

/** How often the log names a source that is refused, in milliseconds: a flood of requests must not become a flood of lines. */
const TELL_EVERY_MS = 60_000;

/** What became of a request. */
export interface Verdict {
  /** 0 when it may pass, else milliseconds after which the next one may. */
  readonly waitMs: number;
  /** Refusals since it was last told, this one among them; undefined when it is not to be told now. */
  readonly tell?: number;
}

interface Source {
  readonly bucket: TokenBucket;
  refused: number;
  toldAt: number;
}

/**
 * Rate limits by source. Memory is bounded: who comes when every place is taken gets the place of whoever was quiet
 * longest, if that one is owed nothing; else the newcomers share one bucket. So nobody washes their record clean by
 * crowding it out from other addresses. Owns no clock: times are milliseconds from one monotonic clock.
 */
export class SourceLimits {
  readonly #rate: Rate;
  readonly #max: number;
  /** The one that was quiet longest comes first. */
  readonly #sources = new Map<string, Source>();
  readonly #newcomers: Source;

  constructor(rate: Rate, { max = SOURCES_MAX }: { readonly max?: number } = {}) {
    this.#rate = rate;
    this.#max = max;
    this.#newcomers = this.#fresh();
  }

  /** Lets one request pass, or says how long to wait. What does not pass costs nothing. */
  admit(name: string, now: number): Verdict {
    const source = this.#touch(name, now);
    const waitMs = source.bucket.waitMs(1, now);
    if (waitMs === 0) {
      source.bucket.take(1, now);
      return { waitMs };
    }
    source.refused += 1;
    if (now - source.toldAt < TELL_EVERY_MS) return { waitMs };
    const tell = source.refused;
    source.refused = 0;
    source.toldAt = now;
    return { waitMs, tell };
  }

  /** Sources that it remembers. */
  get size(): number {
    return this.#sources.size;
  }

  #touch(name: string, now: number): Source {
    const known = this.#sources.get(name);
    if (known === undefined && this.#sources.size >= this.#max && !this.#forgetOldest(now)) return this.#newcomers;
    const source = known ?? this.#fresh();
    this.#sources.delete(name);
    this.#sources.set(name, source);
    return source;
  }

  #forgetOldest(now: number): boolean {
    for (const [name, { bucket }] of this.#sources) return bucket.isFull(now) && this.#sources.delete(name);
    return true;
  }

  #fresh(): Source {
    return { bucket: new TokenBucket(this.#rate), refused: 0, toldAt: Number.NEGATIVE_INFINITY };
  }
}
