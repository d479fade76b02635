/** Bytes that are not the DER that was expected. Stays inside the package: callers give it a code. */
export class DerError extends Error {
  override readonly name = 'DerError';
}
