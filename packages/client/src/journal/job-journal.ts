import type { Clock } from '@qconn/clock';
import { IDEMPOTENCY_TTL_MS } from '@qconn/protocol';
import { ANSWERS_MAX, ANSWERS_MAX_BYTES } from '../exchange/answer-memory.ts';
import type { Settled } from '../exchange/settled.ts';
import { JournalFile, type Place } from './journal-file.ts';
import { decodeRecord, encodeRecord, type JournalRecord } from './journal-record.ts';

/** A job that a journal knows of at its start. */
export interface RememberedJob {
  readonly key: string;
  /** How it ended: `result_unknown` when the program stopped while it ran. */
  readonly settled: Settled;
  /** How long its key still lives, in milliseconds. */
  readonly ttlMs: number;
}

interface Entry {
  readonly place: Place;
  /** When the key dies, by the wall clock. */
  readonly expiresAt: number;
  readonly running: boolean;
}

/** Growth past which a file that has doubled is written anew. */
const COMPACT_ABOVE_BYTES = 1024 * 1024;

/**
 * Remembers on disk which jobs under an idempotency key have begun and how they ended, so that no restart makes one
 * run twice. That a job begins is on the disk before its handler runs, and how it ended before anybody is told.
 * What it keeps is bounded as {@link AnswerMemory} is.
 */
export class JobJournal {
  readonly #clock: Clock;
  readonly #file: JournalFile;
  readonly #entries: Map<string, Entry>;
  #compactAt = COMPACT_ABOVE_BYTES;

  private constructor(clock: Clock, file: JournalFile, entries: Map<string, Entry>) {
    this.#clock = clock;
    this.#file = file;
    this.#entries = entries;
  }

  /**
   * Opens a journal, or makes it.
   * @returns it, and every job whose key lives
   * @throws QconnError `journal_unusable`, `credential_exposed`
   */
  static async open(path: string, clock: Clock): Promise<{ journal: JobJournal; remembered: RememberedJob[] }> {
    const entries = new Map<string, Entry>();
    const records = new Map<string, JournalRecord>();
    const file = await JournalFile.open(path, (line, place) => {
      const record = decodeRecord(line);
      if (record === undefined) return;
      note(entries, record, place);
      records.delete(record.key);
      if (record.kind !== 'forgot') records.set(record.key, record);
    });
    const now = clock.now();
    const remembered = [...records.values()].flatMap((record) => {
      const ttlMs = Math.min(record.at + IDEMPOTENCY_TTL_MS - now, IDEMPOTENCY_TTL_MS);
      return ttlMs > 0 ? [{ key: record.key, settled: settledOf(record), ttlMs }] : [];
    });
    // What ran when an earlier run of the program stopped does not run any more.
    for (const [key, entry] of entries) entries.set(key, { ...entry, running: false });
    const journal = new JobJournal(clock, file, entries);
    journal.#compactIfGrown();
    return { journal, remembered };
  }

  /** Resolves once it is on the disk that the job begins. @throws QconnError `journal_unusable` */
  began(key: string): Promise<void> {
    return this.#write({ kind: 'began', key, at: this.#clock.now() });
  }

  /** Resolves once it is on the disk how the job ended. @throws QconnError `journal_unusable` */
  ended(key: string, settled: Settled): Promise<void> {
    return this.#write({ kind: 'ended', key, at: this.#clock.now(), settled });
  }

  /** The job ran nothing: the key may be used again. @throws QconnError `journal_unusable` */
  forgot(key: string): Promise<void> {
    return this.#write({ kind: 'forgot', key, at: this.#clock.now() });
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #write(record: JournalRecord): Promise<void> {
    await this.#file.append(encodeRecord(record), (place) => note(this.#entries, record, place));
    this.#compactIfGrown();
  }

  #compactIfGrown(): void {
    if (this.#file.bytes <= this.#compactAt) return;
    // Also when it fails, it is tried again only after as much growth.
    this.#compactAt = 2 * this.#file.bytes;
    let kept: string[] = [];
    this.#file.compact(
      () => {
        kept = this.#keep();
        return kept.map((key) => (this.#entries.get(key) as Entry).place);
      },
      (places) => {
        for (const [index, key] of kept.entries()) {
          const entry = this.#entries.get(key);
          // What was written since stands behind these, and is noted under its own place.
          if (entry !== undefined) this.#entries.set(key, { ...entry, place: places[index] as Place });
        }
        this.#compactAt = Math.max(COMPACT_ABOVE_BYTES, 2 * this.#file.bytes);
      },
    );
  }

  /** Keys to keep, oldest first: those that live, the newest of them where there are too many; running ones always. */
  #keep(): string[] {
    const now = this.#clock.now();
    let [jobs, bytes] = [0, 0];
    const kept: string[] = [];
    for (const [key, { expiresAt, place, running }] of [...this.#entries].toReversed()) {
      const fits = jobs < ANSWERS_MAX && bytes + place.bytes <= ANSWERS_MAX_BYTES;
      if (!running && (expiresAt <= now || !fits)) {
        this.#entries.delete(key);
        continue;
      }
      jobs += 1;
      bytes += place.bytes;
      kept.push(key);
    }
    return kept.toReversed();
  }
}

function note(entries: Map<string, Entry>, record: JournalRecord, place: Place): void {
  entries.delete(record.key);
  if (record.kind === 'forgot') return;
  entries.set(record.key, { place, expiresAt: record.at + IDEMPOTENCY_TTL_MS, running: record.kind === 'began' });
}

function settledOf(record: JournalRecord): Settled {
  if (record.kind === 'ended') return record.settled;
  const when = new Date(record.at).toISOString();
  const reason = `The program stopped while it ran this job, which began at ${when}; whether it took effect is unknown.`;
  return { outcome: { code: 'result_unknown', reason, retryAfterMs: 0 } };
}
