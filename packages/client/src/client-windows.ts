import { BODY_STREAMS_MAX, LANES_PER_CONNECTION, STREAM_WINDOW_BYTES } from '@qconn/protocol';

/** Flow control of a client's connections: bodies that the program does not read leave room for the lanes. */
export const CLIENT_WINDOWS: { readonly maxStreamWindowBytes: number; readonly connectionWindowBytes: number } = {
  maxStreamWindowBytes: STREAM_WINDOW_BYTES,
  connectionWindowBytes: STREAM_WINDOW_BYTES * (BODY_STREAMS_MAX + LANES_PER_CONNECTION),
};
