import { frames } from '../links/frames.ts';
import type { Link } from '../links/link.ts';
import { receiveTask, report } from '../../../../tooling/measure/task.ts';
import { carrierOf, type Task } from './task.ts';

/** The hub's part: passes each frame of one link to the other. The first link is the provider's. */
const task = await receiveTask<Task>();
const links: Link[] = [];
let passed = 0;
let usedBefore = 0;

// Asked after each load: how much processor time a message has cost here since the last time.
process.on('message', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const used = userCPUTime + systemCPUTime;
  report({ hubUs: Number(((used - usedBefore) / Math.max(1, passed / 2)).toFixed(1)) });
  passed = 0;
  usedBefore = used;
});

const port = await carrierOf(task).serve(task.identities, (link) => {
  const index = links.push(link) - 1;
  link.onData(
    frames((frame) => {
      if (index === 0 && frame[0] === 0xff) return report({ joined: true });
      passed += 1;
      links[1 - index]?.write(frame);
    }),
  );
});
report({ port });
