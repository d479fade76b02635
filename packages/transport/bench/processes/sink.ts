import { receiveTask, report } from '../../../../tooling/measure/task.ts';
import { bodyCost, carrierOf, type Task } from './task.ts';

/** Takes a body and says when it is whole. */
const task = await receiveTask<Task & { bytes: number }>();
const port = await carrierOf(task).serve(task.identities, (link) => {
  const before = process.cpuUsage();
  let taken = 0;
  link.onData((chunk) => {
    taken += chunk.length;
    if (taken === task.bytes) report(bodyCost(before));
  }, true);
});
report({ port });
