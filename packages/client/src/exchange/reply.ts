import {
  decodeHeaders,
  QconnError,
  type FinalResponse,
  type Headers,
  type PassedStages,
  type StageReport,
} from '@qconn/protocol';
import type { Bodies, IncomingStream } from '../body/bodies.ts';
import type { BodyStream } from '../body/body-stream.ts';
import { Received } from '../body/received.ts';

/** The result of a request. */
export interface Reply {
  /** The answer's body. Reading it throws `invalid_state` when the body is streamed. */
  readonly body: Uint8Array;
  /** Whether the body is over 64 KiB or was sent as a stream: then only {@link Reply.stream} has it. */
  readonly streamed: boolean;
  /** The body as it comes, streamed or not. The provider keeps a streamed one for as long as the job deadline. */
  readonly stream: BodyStream;
  readonly headers: Headers;
  /** Every stage that the exchange went through, with the hub's times. */
  readonly stages: readonly StageReport[];
}

/**
 * The reply in a Response frame, or the error for malformed headers: they are the provider's, and the hub passes them on unread.
 * @param before the stages that the hub had reported before
 */
export function readReply(
  id: number,
  { body, headers: block, streamed, stages }: FinalResponse,
  bodies: Bodies,
  before: readonly PassedStages[],
): Reply | QconnError {
  try {
    const headers = decodeHeaders(block);
    const incoming =
      streamed && bodies.receive({ kind: 'response', id }, streamed, () => bodies.withdraw({ kind: 'request', id }));
    return new ReceivedReply(body, incoming, headers, stages === undefined ? before : [...before, stages]);
  } catch (cause) {
    return new QconnError('handler_failed', 'The provider answered with malformed headers.', { cause });
  }
}

class ReceivedReply extends Received implements Reply {
  readonly headers: Headers;
  readonly #passed: readonly PassedStages[];
  #stages: readonly StageReport[] | undefined;

  constructor(
    inline: Uint8Array,
    incoming: IncomingStream | undefined,
    headers: Headers,
    passed: readonly PassedStages[],
  ) {
    super(inline, incoming);
    this.headers = headers;
    this.#passed = passed;
  }

  get stages(): readonly StageReport[] {
    this.#stages ??= this.#passed.flatMap(({ reports }) => reports);
    return this.#stages;
  }
}
