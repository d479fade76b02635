import { WATCH_BACKLOG_MAX } from '@qconn/protocol';

/** What a watcher is to be sent next: everything there is, or changes from a number on. */
export type WatchBatch<Change> =
  | { readonly kind: 'snapshot'; readonly version: number; readonly cause: 'begun' | 'behind' }
  | { readonly kind: 'changes'; readonly version: number; readonly changes: readonly Change[] };

/**
 * What one watcher has not been sent yet. It begins with a snapshot; a watcher that falls behind by more changes than
 * are kept gets another in their place, so that a slow one costs no more memory than that.
 */
export class WatchBacklog<Change> {
  readonly #max: number;
  #changes: Change[] = [];
  /** The number of the last change, sent or not. */
  #version = 0;
  #snapshotDue: 'begun' | 'behind' | undefined = 'begun';

  constructor({ max = WATCH_BACKLOG_MAX }: { readonly max?: number } = {}) {
    this.#max = max;
  }

  get isEmpty(): boolean {
    return this.#snapshotDue === undefined && this.#changes.length === 0;
  }

  /** Something has changed. A snapshot that is due will show it. */
  push(change: Change): void {
    this.#version++;
    if (this.#snapshotDue !== undefined) return;
    if (this.#changes.length < this.#max) {
      this.#changes.push(change);
      return;
    }
    this.#changes = [];
    this.#snapshotDue = 'behind';
  }

  /** Takes what is to be sent next. A snapshot has to be made at once: what is pushed from now on comes after it. */
  take(): WatchBatch<Change> | undefined {
    if (this.#snapshotDue !== undefined) {
      const cause = this.#snapshotDue;
      this.#snapshotDue = undefined;
      return { kind: 'snapshot', version: this.#version, cause };
    }
    const changes = this.#changes;
    if (changes.length === 0) return undefined;
    this.#changes = [];
    return { kind: 'changes', version: this.#version - changes.length + 1, changes };
  }
}
