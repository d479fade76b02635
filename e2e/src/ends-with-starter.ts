/** Imported first by a process that was started with an IPC channel: it ends as soon as nobody is there any more who could end it. */
process.once('disconnect', () => process.exit(1));
// The channel alone does not keep the process: one that has done everything ends.
process.channel?.unref();
