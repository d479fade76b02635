/** A job that has been accepted and may owe its hub the word of it. */
export interface Owing {
  /** Says so now, unless an answer has said it meanwhile. */
  acknowledge(): void;
}

/**
 * Acknowledgements that wait until the handlers of this turn of the event loop have had their turn, promises that are
 * fulfilled by then included: an answer implies its acknowledgement, so that a fast job costs one frame and one packet.
 * Before that the connection would not have sent them anyway, for it sends at the end of a turn.
 */
export class HeldAcks {
  #owing: Owing[] = [];

  hold(job: Owing): void {
    if (this.#owing.push(job) === 1) setImmediate(() => this.release());
  }

  /** Has them said now: the connection is about to be closed, say. */
  release(): void {
    const owing = this.#owing;
    this.#owing = [];
    for (const job of owing) job.acknowledge();
  }
}
