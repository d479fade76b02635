/** How a {@link LineCredit} decides. */
export interface LineCreditLaw {
  /** What an owner may have sent while nothing holds it back. */
  readonly max: number;
  /** How long an owner's things should wait in line, in milliseconds. */
  readonly waitMs: number;
  /** How long a credit is observed before it is changed again, in milliseconds. */
  readonly lookMs: number;
  /** Largest factor by which a credit rises at a time. */
  readonly rise: number;
  /** A change by less than this share of it is not worth telling. */
  readonly tellShare: number;
  /** How long a credit holds unless it is told again, in milliseconds; it is told again after half of that. */
  readonly lifeMs: number;
}

interface Account {
  credit: number;
  /** Since when what arrives has been sent under this credit, as far as can be known. */
  since: number;
  /** The shortest wait of what has arrived since then. */
  leastMs: number;
  told: number;
  toldAt: number;
}

/**
 * How much each owner of a line may have sent, so that its things wait no longer than they should: less in proportion when
 * the shortest wait was too long, somewhat more when it was not. The shortest wait counts, as in CoDel (RFC 8289): a burst
 * or a pause makes some things wait, but only a line that never empties makes all of them wait. An owner that never waits
 * long is not held back, and costs nothing here.
 * Pure: times are milliseconds of one monotonic clock.
 */
export class LineCredit<K> {
  readonly #law: LineCreditLaw;
  readonly #accounts = new Map<K, Account>();

  constructor(law: LineCreditLaw) {
    this.#law = law;
  }

  /** Owners that are held back. */
  get size(): number {
    return this.#accounts.size;
  }

  /**
   * Something of an owner has had its turn.
   * @param since when it came @param least what an owner may have sent in any case
   * @returns the credit that the owner is to be told, if it is to be told any
   */
  served(owner: K, since: number, now: number, least: number): number | undefined {
    const { max, waitMs, lookMs, rise, tellShare, lifeMs } = this.#law;
    const account = this.#accounts.get(owner);
    if (account === undefined) {
      if (now - since > waitMs) this.#begin(owner, now);
      return undefined;
    }
    if (since < account.since) return undefined;
    account.leastMs = Math.min(account.leastMs, now - since);
    if (now - account.since < lookMs) return undefined;
    const wanted = account.credit * Math.min(rise, waitMs / account.leastMs);
    account.credit = Math.min(max, Math.ceil(Math.max(wanted, least, 1)));
    account.since = now;
    account.leastMs = Infinity;
    const { credit, told, toldAt } = account;
    if (credit === max) this.#accounts.delete(owner);
    const changed = Math.abs(credit - told) > tellShare * told || (credit === max && told !== max);
    if (!changed && (credit === max || now - toldAt < lifeMs / 2)) return undefined;
    account.told = credit;
    account.toldAt = now;
    return credit;
  }

  /**
   * There was no room in the line for something of an owner, which has so much in it: that is what it may have.
   * @returns the credit that the owner is to be told, if it is to be told any
   */
  refused(owner: K, inLine: number, now: number, least: number): number | undefined {
    const { tellShare } = this.#law;
    const account = this.#accounts.get(owner) ?? this.#begin(owner, now);
    const credit = Math.ceil(Math.max(inLine, least, 1));
    if (credit > account.told * (1 - tellShare)) return undefined;
    Object.assign(account, { credit, since: now, leastMs: Infinity, told: credit, toldAt: now });
    return credit;
  }

  /** An owner is gone. */
  forget(owner: K): void {
    this.#accounts.delete(owner);
  }

  #begin(owner: K, now: number): Account {
    const { max } = this.#law;
    const account = { credit: max, since: now, leastMs: Infinity, told: max, toldAt: now };
    this.#accounts.set(owner, account);
    return account;
  }
}
