import type { QconnError, ResolvedTarget, Targets } from '@qconn/protocol';
import type { Reply } from './reply.ts';

/** What one target of a fan-out made of the request. The target is known unless the connection was lost before it was. */
export type TargetResult =
  | { readonly target: ResolvedTarget | undefined; readonly reply: Reply }
  | { readonly target: ResolvedTarget | undefined; readonly error: QconnError };

/** How a fan-out ended as a whole. */
export interface FanOutSummary {
  /** Providers that the request was for; `completed` + `failed`. */
  readonly targets: number;
  readonly completed: number;
  readonly failed: number;
  /** There were more permitted providers than the limit. */
  readonly more: boolean;
}

/**
 * The results of a request to many providers, in the order in which they come. It may be read late and more than once:
 * at most 256 results are kept. Reading throws where the request as a whole was refused: the hub's `not_found`,
 * `forbidden` or `quota`, or no connection.
 */
export class FanOut implements AsyncIterable<TargetResult> {
  readonly #results: TargetResult[] = [];
  readonly #expected = new Set<number>();
  readonly #done = Promise.withResolvers<FanOutSummary>();
  #targets: Targets | undefined;
  #over = false;
  #change = Promise.withResolvers<void>();

  constructor() {
    // Whoever reads the results learns of a refusal there, and need not look at the summary.
    this.#done.promise.catch(() => {});
  }

  /** Resolves once every target has given its final word. @throws QconnError like reading the results */
  get summary(): Promise<FanOutSummary> {
    return this.#done.promise;
  }

  /** A target's exchange has begun under this id. */
  expect(id: number): void {
    this.#expected.add(id);
  }

  /** Whether an exchange has begun under this id. */
  has(id: number): boolean {
    return this.#expected.has(id);
  }

  /** The hub has said how many targets there are. */
  begin(targets: Targets): void {
    this.#targets = targets;
    this.#look();
  }

  /** A target has given its final word. */
  add(result: TargetResult): void {
    this.#results.push(result);
    this.#look();
  }

  /** The request as a whole went nowhere. */
  refuse(error: QconnError): void {
    this.#over = true;
    this.#done.reject(error);
    this.#tell();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TargetResult, void, undefined> {
    for (let next = 0; ; next += 1) {
      while (next >= this.#results.length && !this.#over) await this.#change.promise;
      const result = this.#results[next];
      if (result !== undefined) {
        yield result;
        continue;
      }
      await this.#done.promise;
      return;
    }
  }

  #look(): void {
    if (this.#targets !== undefined && this.#results.length >= this.#targets.count) {
      const completed = this.#results.filter((result) => 'reply' in result).length;
      const { count: targets, more } = this.#targets;
      this.#over = true;
      this.#done.resolve({ targets, completed, failed: targets - completed, more });
    }
    this.#tell();
  }

  #tell(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
