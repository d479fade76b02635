import type { QuicOptions } from '../../packages/transport/src/index.ts';

/** Something that the foreign client does with our endpoint, beside one request. */
export interface Case {
  readonly name: string;
  /** Options of the program. */
  readonly options: readonly string[];
  /** Bytes that its request carries in DATA frames. */
  readonly bodyBytes?: number;
  /** What its log has to say. */
  readonly logged?: readonly RegExp[];
  /** Its port is another one when our endpoint, having validated it, answers. */
  readonly moves?: boolean;
  /** Our endpoint ends the connection after its answer, rather than the client. */
  readonly endpointCloses?: boolean;
  /** How our endpoint differs. */
  readonly endpoint?: QuicOptions;
}

const CLIENT_CLOSES = '--exit-on-all-streams-close';

/**
 * The request follows a second after what the case is about. That follows four seconds after the handshake: what our endpoint sends at
 * its end has to be there, also from a machine that is slow, and keys are updated three probe timeouts after it at the earliest (RFC
 * 9001, section 6.5), which are seconds where the first round trips met a pause.
 */
const SOON = '4s';
const AFTERWARDS = '--delay-stream=5s';

export const CASES: readonly Case[] = [
  { name: 'request and answer, the client closes', options: [CLIENT_CLOSES] },
  {
    name: 'request and answer, the endpoint closes',
    options: [],
    endpointCloses: true,
    logged: [/frm rx .* CONNECTION_CLOSE\(0x1d\) error_code=\S*\(0x100\) .*reason_len=12 reason=\[that was all\]/],
  },
  {
    name: 'behind a Retry',
    options: [CLIENT_CLOSES],
    endpoint: { admission: { retryFrom: 0 } },
    logged: [/pkt rx .* type=Retry/],
  },
  {
    name: 'a body over the windows (--data)',
    options: [CLIENT_CLOSES, '--http-method=POST'],
    bodyBytes: 4 * 1024 * 1024,
    logged: [/frm rx .* MAX_STREAM_DATA/, /frm rx .* MAX_DATA/],
  },
  {
    name: 'key update (--key-update)',
    options: [CLIENT_CLOSES, `--key-update=${SOON}`, AFTERWARDS],
    logged: [/^Initiate key update$/m, /key update confirmed/, /pkt rx .* type=1RTT k=1/],
  },
  {
    name: 'migration (--change-local-addr)',
    options: [CLIENT_CLOSES, `--change-local-addr=${SOON}`, AFTERWARDS],
    logged: [/^Path validation against path .* succeeded$/m],
    moves: true,
  },
  {
    name: 'NAT rebinding (--nat-rebinding)',
    options: [CLIENT_CLOSES, `--change-local-addr=${SOON}`, '--nat-rebinding', AFTERWARDS],
    logged: [/^Changing local address$/m],
    moves: true,
  },
];
