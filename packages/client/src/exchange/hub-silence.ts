import { DeadlineAlarm, DeadlineQueue, type Clock, type Deadline } from '@qconn/clock';

/** Something that the hub has to say a word about. */
export type AwaitedWord = Deadline<() => void>;

/**
 * Time beyond the resolution deadline after which a silent hub counts as lost, in milliseconds: the
 * hub reports every outcome itself, so this is only reached when the hub is at fault.
 */
const OVERDUE_SLACK_MS = 5_000;

/** What is to be done where the hub says nothing, although it has to. */
export class HubSilence {
  readonly #clock: Clock;
  readonly #noticed: () => void;
  readonly #overdue = new DeadlineQueue<() => void>();
  readonly #alarm: DeadlineAlarm;

  /** @param noticed told each time that the hub has left something without a word for longer than it may */
  constructor(clock: Clock, noticed: () => void) {
    this.#clock = clock;
    this.#noticed = noticed;
    this.#alarm = new DeadlineAlarm(clock, () => this.#ring());
  }

  /** Does `act` unless the hub says something within the resolution deadline; {@link HubSilence.heard} tells that it has. */
  await(resolutionMs: number, act: () => void): AwaitedWord {
    const word = this.#overdue.add(this.#clock.monotonic() + resolutionMs + OVERDUE_SLACK_MS, act);
    this.#alarm.noLaterThan(word.at);
    return word;
  }

  heard(word: AwaitedWord): void {
    this.#overdue.cancel(word);
    if (this.#overdue.size === 0) this.#alarm.cancel();
  }

  /** @returns the monotonic time of the next deadline */
  #ring(): number | undefined {
    const now = this.#clock.monotonic();
    for (let due = this.#overdue.popDue(now); due !== undefined; due = this.#overdue.popDue(now)) {
      due.value();
      this.#noticed();
    }
    return this.#overdue.nextAt;
  }
}
