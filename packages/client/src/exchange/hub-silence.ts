import { DeadlineAlarm, DeadlineQueue, type Clock, type Deadline } from '@qconn/clock';

/** Something that the hub has to say a word about. */
export interface Awaiting {
  /** The hub has said nothing, although it had to. */
  overdue(): void;
}

/** The time by which the hub has to say a word. */
export type AwaitedWord = Deadline<Awaiting>;

/**
 * Time beyond the resolution deadline after which a silent hub counts as lost, in milliseconds: the
 * hub reports every outcome itself, so this is only reached when the hub is at fault.
 */
const OVERDUE_SLACK_MS = 5_000;

/** What is to be done where the hub says nothing, although it has to. */
export class HubSilence {
  readonly #noticed: () => void;
  readonly #overdue = new DeadlineQueue<Awaiting>();
  readonly #alarm: DeadlineAlarm;

  /** @param noticed told each time that the hub has left something without a word for longer than it may */
  constructor(clock: Clock, noticed: () => void) {
    this.#noticed = noticed;
    this.#alarm = new DeadlineAlarm(clock, () => this.#ring(clock.monotonic()));
  }

  /**
   * Tells whoever waits that it does so for too long, unless {@link HubSilence.heard} says that the hub has said something.
   * @param now monotonic milliseconds, from which the resolution deadline counts
   */
  await(now: number, resolutionMs: number, waits: Awaiting): AwaitedWord {
    const word = this.#overdue.add(now + resolutionMs + OVERDUE_SLACK_MS, waits);
    this.#alarm.noLaterThan(word.at);
    return word;
  }

  heard(word: AwaitedWord): void {
    this.#overdue.cancel(word);
    if (this.#overdue.size === 0) this.#alarm.cancel();
  }

  /** @returns the monotonic time of the next deadline */
  #ring(now: number): number | undefined {
    for (let due = this.#overdue.popDue(now); due !== undefined; due = this.#overdue.popDue(now)) {
      due.value.overdue();
      this.#noticed();
    }
    return this.#overdue.nextAt;
  }
}
