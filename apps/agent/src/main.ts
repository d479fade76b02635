#!/usr/bin/env node
import { endWithReader } from '@qconn/startup';
import { runProgram } from './program.ts';

endWithReader();

process.exitCode = await runProgram(process.argv);
