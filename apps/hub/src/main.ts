#!/usr/bin/env -S node --max-semi-space-size=16
import { endWithReader } from '@qconn/startup';
import { runProgram } from './program.ts';

endWithReader();
process.exitCode = await runProgram(process.argv);
