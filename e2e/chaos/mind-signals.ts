/** Tells whoever started this process that it now ends by itself when asked to; and has it end when nobody is there who could ask. */
export function mindSignals(): void {
  process.send?.('minds signals');
  process.once('disconnect', () => process.exit(1));
  // The channel alone does not keep the process: one that has done everything ends.
  process.channel?.unref();
}
