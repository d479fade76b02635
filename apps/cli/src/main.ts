#!/usr/bin/env node
import { endWithReader } from '@qconn/startup';
import { run } from './run.ts';

endWithReader();

function onInterrupt(stop: () => void): () => void {
  process.once('SIGINT', stop);
  return () => process.off('SIGINT', stop);
}

const { stdout, stderr, stdin, env } = process;
process.exitCode = await run(process.argv.slice(2), { stdout, stderr, stdin, env, now: Date.now, onInterrupt });
