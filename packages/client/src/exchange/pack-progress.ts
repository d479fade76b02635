import { BODY_MAX_BYTES, QconnError, type Progress } from '@qconn/protocol';

const encoder = new TextEncoder();

/**
 * A sign of progress as it is sent: bytes and text as they are, anything else as JSON.
 * @throws QconnError `handler_failed` for more than 64 KiB, and for what cannot be JSON
 */
export function packProgress(sign: unknown): Progress {
  if (sign instanceof Uint8Array) return { body: checkSize(sign), json: false };
  if (typeof sign === 'string') return { body: checkSize(encoder.encode(sign)), json: false };
  const text: string | undefined = JSON.stringify(sign);
  if (text === undefined) throw new QconnError('handler_failed', `A ${typeof sign} cannot be sent as progress.`);
  return { body: checkSize(encoder.encode(text)), json: true };
}

function checkSize(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= BODY_MAX_BYTES) return bytes;
  throw new QconnError('handler_failed', `The handler gave ${bytes.length} bytes; the limit is ${BODY_MAX_BYTES}.`);
}
