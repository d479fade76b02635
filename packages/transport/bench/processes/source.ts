import { receiveTask, report } from '../../../../tooling/measure/task.ts';
import { bodyCost, carrierOf, type Task } from './task.ts';

const CHUNK_BYTES = 64 * 1024;

/** Sends a body through one stream. */
const task = await receiveTask<Task & { bytes: number }>();
const link = await carrierOf(task).connect(task.identities, task.port ?? 0);
const chunk = new Uint8Array(CHUNK_BYTES).fill(7);
report({ started: true });
const before = process.cpuUsage();
for (let left = task.bytes; left > 0; left -= CHUNK_BYTES) {
  if (!link.write(left >= CHUNK_BYTES ? chunk : chunk.subarray(0, left))) await link.drained();
}
link.end();
report(bodyCost(before));
