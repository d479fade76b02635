#!/usr/bin/env -S node --max-semi-space-size=16
import { runProgram } from './program.ts';

process.exitCode = await runProgram(process.argv);
