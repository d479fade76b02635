/** Options of Node for a process that is started with an IPC channel: it ends as soon as this one has, killed or not. */
export const ENDING_WITH_US: readonly string[] = ['--import', new URL('ends-with-starter.ts', import.meta.url).href];
