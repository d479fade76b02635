import { openAsBlob, watch, type FSWatcher } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Client } from '@qconn/client';
import { backoffDelay, type Clock, type Timer } from '@qconn/clock';
import { BODY_MAX_BYTES, QconnError } from '@qconn/protocol';
import type { Logger } from '@qconn/startup';
import type { OutboxConfig } from '../config/agent-config.ts';
import type { OutboxStatus } from '../control/agent-status.ts';
import { afterFailure } from './after-failure.ts';
import { SpoolFolder, type ClaimedFile } from './spool-folder.ts';

/** What an outbox works with. */
export interface OutboxDependencies {
  readonly client: Pick<Client, 'request'>;
  readonly clock: Clock;
  /** A fresh random number in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

/** Time between two looks without a notice, in milliseconds; not every file system tells of changes. */
const LOOK_MS = 2_000;

/** A file that is being written makes many notices: one look answers all that come within this many milliseconds. */
const NOTICE_MS = 50;

/** Wait after a failed try: first and longest, in milliseconds. */
const RETRY_BASE_MS = 1_000;
const RETRY_CAP_MS = 60_000;

/**
 * Sends each file that appears in a folder as one message, in the order of names, one at a time. Each has an idempotency key
 * that is on the disk before the file goes out, so neither a crash nor a retry makes it run twice.
 */
export class Outbox {
  readonly config: OutboxConfig;
  readonly #dependencies: OutboxDependencies;
  readonly #folder: SpoolFolder;
  readonly #closing = new AbortController();
  readonly #seen = new Map<string, { readonly version: string; readonly since: number }>();
  #wake: (() => void) | undefined;
  #watcher: FSWatcher | undefined;
  #noticed: Timer | undefined;
  #failures = 0;
  #running: Promise<void> = Promise.resolve();
  #counts = { waiting: 0, sent: 0, failed: 0 };
  #problem: string | undefined;

  constructor(config: OutboxConfig, dependencies: OutboxDependencies) {
    this.config = config;
    this.#dependencies = dependencies;
    this.#folder = new SpoolFolder(config.folder, config.names);
  }

  get status(): OutboxStatus {
    const { folder, to } = this.config;
    return { folder, to, ...this.#counts, problem: this.#problem ?? null };
  }

  start(): void {
    this.#running = this.#run();
  }

  /** What is being sent is sent again at the next start, under the same key. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake?.();
    this.#watcher?.close();
    this.#noticed?.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    let recovered = false;
    while (!this.#closing.signal.aborted) {
      try {
        if (!recovered) {
          await this.#folder.prepare();
          for (const file of await this.#folder.unfinished()) await this.#send(file, true);
          recovered = true;
        }
        await this.#sendWaiting();
        if (this.#failures === 0) this.#problem = undefined;
      } catch (error) {
        this.#trouble(`the outbox ${this.config.folder} cannot be read`, error);
      }
      await this.#pause();
    }
  }

  async #sendWaiting(): Promise<void> {
    this.#watchFolder();
    const files = await this.#folder.waiting();
    this.#counts.waiting = files.length;
    // One time for all: otherwise a pause between two of them would let the later one overtake the other.
    const now = this.#dependencies.clock.monotonic();
    const settled = files.filter((file) => this.#isSettled(file, now)).map(({ name }) => name);
    for (const name of this.#seen.keys()) if (!files.some((file) => file.name === name)) this.#seen.delete(name);
    for (const name of settled) {
      if (this.#closing.signal.aborted) return;
      this.#seen.delete(name);
      const file = await this.#folder.claim(name, this.#dependencies.clock.now());
      // What keeps one from being delivered keeps the next ones, and they should not overtake it.
      if (file !== undefined && !(await this.#send(file, false))) return;
      this.#counts.waiting--;
    }
  }

  /** Whoever writes the file may pause: it is taken when it has stayed the same for a while. */
  #isSettled({ name, version }: { readonly name: string; readonly version: string }, now: number): boolean {
    const seen = this.#seen.get(name);
    if (seen?.version === version) return now - seen.since >= this.config.settleMs;
    this.#seen.set(name, { version, since: now });
    return false;
  }

  /** @returns whether the file is done with, sent or given up; otherwise it waits in the outbox again */
  async #send(file: ClaimedFile, mayHaveRun: boolean): Promise<boolean> {
    const { clock, log } = this.#dependencies;
    let uncertain = mayHaveRun;
    for (;;) {
      const error = await this.#try(file);
      if (this.#closing.signal.aborted && error !== undefined) return false;
      if (error === undefined) {
        this.#failures = 0;
        this.#counts.sent++;
        await this.#folder.finish(file, this.config.afterwards);
        log.info({ file: file.name, to: this.config.to, key: file.key }, `sent ${file.name} to ${this.config.to}`);
        return true;
      }
      const { code, retrySafe } = error;
      const keyAgeMs = clock.now() - file.claimedAt;
      const next = afterFailure({ code, retrySafe, mayHaveRun: uncertain, keyAgeMs });
      if (next === 'give_up') {
        await this.#giveUp(file, error, uncertain || !retrySafe);
        return true;
      }
      this.#trouble(`${file.name} is not delivered to ${this.config.to} yet`, error);
      if (next === 'put_back') {
        await this.#folder.putBack(file);
        return false;
      }
      uncertain = true;
      await this.#pause();
      if (this.#closing.signal.aborted) return false;
    }
  }

  async #try(file: ClaimedFile): Promise<QconnError | undefined> {
    try {
      const { size } = await stat(file.path);
      const body = size > BODY_MAX_BYTES ? await openAsBlob(file.path) : await readFile(file.path);
      await this.#dependencies.client.request(this.config.to, body, {
        idempotencyKey: file.key,
        jobMs: this.config.jobMs,
        headers: { 'file-name': encodeURIComponent(file.name) },
        signal: this.#closing.signal,
      });
      return undefined;
    } catch (cause) {
      return cause instanceof QconnError ? cause : new QconnError('internal', undefined, { cause });
    }
  }

  async #giveUp(file: ClaimedFile, error: QconnError, mayHaveRun: boolean): Promise<void> {
    this.#failures = 0;
    this.#counts.failed++;
    const fate = mayHaveRun ? 'It may have been run.' : 'It was not run.';
    const reason = `${error.message} (${error.code}) ${fate} ${error.action}`;
    await this.#folder.giveUp(file, reason);
    const facts = { file: file.name, to: this.config.to, key: file.key, err: error };
    this.#dependencies.log.error(
      facts,
      `${file.name} was not delivered to ${this.config.to}, and is in failed: ${reason}`,
    );
  }

  /** Told when it begins and when it changes, not at every try. */
  #trouble(what: string, error: unknown): void {
    this.#failures++;
    const problem = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#dependencies.log.warn({ err: error }, `${problem} It is tried again.`);
  }

  /** Until something is noticed, or the next look is due. After a failure only time counts. */
  async #pause(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const { clock, random } = this.#dependencies;
    const settling = this.#seen.size > 0 ? Math.min(this.config.settleMs, LOOK_MS) : LOOK_MS;
    const failing = { attempt: this.#failures, baseMs: RETRY_BASE_MS, capMs: RETRY_CAP_MS, random01: random() };
    const waitMs = this.#failures > 0 ? backoffDelay(failing) : settling;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer: Timer = clock.setTimer(waitMs, resolve);
    this.#wake = resolve;
    await promise;
    timer.cancel();
    this.#wake = undefined;
  }

  #watchFolder(): void {
    if (this.#watcher !== undefined) return;
    this.#watcher = watch(this.config.folder, () => {
      this.#noticed ??= this.#dependencies.clock.setTimer(NOTICE_MS, () => {
        this.#noticed = undefined;
        if (this.#failures === 0) this.#wake?.();
      });
    });
    // The folder is looked at anyway; it is watched again at the next look.
    this.#watcher.on('error', () => {
      this.#watcher?.close();
      this.#watcher = undefined;
    });
  }
}
