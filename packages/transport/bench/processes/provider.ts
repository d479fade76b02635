import { FRAME_BYTES, frames } from '../links/frames.ts';
import { receiveTask, report } from '../../../../tooling/measure/task.ts';
import { carrierOf, type Task } from './task.ts';

/** Answers each frame with itself. */
const task = await receiveTask<Task>();
const link = await carrierOf(task).connect(task.identities, task.port ?? 0);
link.write(new Uint8Array(FRAME_BYTES).fill(0xff));
link.onData(frames((frame) => link.write(frame)));
report({ ready: true });
