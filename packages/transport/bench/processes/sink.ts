import { receiveTask, report } from '../../../../tooling/measure/task.ts';
import { carrierOf, type Task } from './task.ts';

/** Takes a body and says when it is whole. */
const task = await receiveTask<Task & { bytes: number }>();
const port = await carrierOf(task).serve(task.identities, (link) => {
  let taken = 0;
  link.onData((chunk) => {
    taken += chunk.length;
    if (taken === task.bytes) report({ done: true, maxRssMb: Math.round(process.resourceUsage().maxRSS / 1024) });
  }, true);
});
report({ port });
