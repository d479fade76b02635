/** Tells whoever started this process that it now ends by itself when asked to. */
export function mindSignals(): void {
  process.send?.('minds signals');
}
