/**
 * The engine's binding reports errors only by their text. This is the one place that reads it.
 */

/** The application code in `StreamReset(n)`; `undefined` for any other failure. */
export function streamResetCode(failure: unknown): number | undefined {
  return codeIn(failure, 'StreamReset');
}

/** The application code in `StreamStopped(n)`; `undefined` for any other failure. */
export function streamStoppedCode(failure: unknown): number | undefined {
  return codeIn(failure, 'StreamStopped');
}

/** True when the peer allows no more streams. */
export function isStreamLimit(failure: unknown): boolean {
  return failure instanceof Error && failure.message === 'StreamLimit';
}

/** True for a packet that was not sealed with the keys of its connection. */
export function isUndecryptable(failure: unknown): boolean {
  return failure instanceof Error && failure.message === 'CryptoFail';
}

function codeIn(failure: unknown, name: string): number | undefined {
  if (!(failure instanceof Error) || !failure.message.startsWith(`${name}(`)) return undefined;
  const code = Number.parseInt(failure.message.slice(name.length + 1), 10);
  return Number.isSafeInteger(code) ? code : 0;
}
