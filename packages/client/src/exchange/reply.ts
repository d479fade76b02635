import { decodeHeaders, decodeResponse, QconnError, type Frame, type Headers, type StageReport } from '@qconn/protocol';
import type { Bodies, IncomingStream } from '../body/bodies.ts';
import type { BodyStream } from '../body/body-stream.ts';
import { Received } from '../body/received.ts';

/** The result of a request. */
export interface Reply {
  /** The answer's body. Reading it throws `invalid_state` when the body is streamed. */
  readonly body: Uint8Array;
  /** Whether the body is longer than a frame holds or was given as a stream: then only {@link Reply.stream} has it. */
  readonly streamed: boolean;
  /** The body as it comes, streamed or not. The provider keeps it for as long as the job deadline: read it, or leave it. */
  readonly stream: BodyStream;
  readonly headers: Headers;
  /** Every stage that the exchange went through, with the hub's times. */
  readonly stages: readonly StageReport[];
}

/** The reply in a Response frame, or what is wrong with its headers, which are the provider's: the hub passes them on unread. */
export function readReply(frame: Frame, bodies: Bodies, stages: readonly StageReport[]): Reply | QconnError {
  const { body, headers: block, streamed } = decodeResponse(frame);
  const { id } = frame;
  try {
    const headers = decodeHeaders(block);
    const incoming =
      streamed && bodies.receive({ kind: 'response', id }, streamed, () => bodies.withdraw({ kind: 'request', id }));
    return new ReceivedReply(body, incoming, headers, stages);
  } catch (cause) {
    return new QconnError('handler_failed', 'The provider answered with malformed headers.', { cause });
  }
}

class ReceivedReply extends Received implements Reply {
  readonly headers: Headers;
  readonly stages: readonly StageReport[];

  constructor(
    inline: Uint8Array,
    incoming: IncomingStream | undefined,
    headers: Headers,
    stages: readonly StageReport[],
  ) {
    super(inline, incoming);
    this.headers = headers;
    this.stages = stages;
  }
}
