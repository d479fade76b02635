import { FRAME_BYTES, frames } from '../links/frames.ts';
import { measureLoad, warmUp } from '../../../../tooling/measure/load.ts';
import { receiveTask, report } from '../../../../tooling/measure/task.ts';
import { carrierOf, type Task } from './task.ts';

/** Keeps so many requests in flight and measures how long each takes. */
const task = await receiveTask<Task>();
const link = await carrierOf(task).connect(task.identities, task.port ?? 0);
const waiting = new Map<number, () => void>();
const request = new Uint8Array(FRAME_BYTES);
const header = new DataView(request.buffer);
let lastId = 0;

link.onData(
  frames((frame) => {
    const id = new DataView(frame.buffer, frame.byteOffset).getUint32(4);
    waiting.get(id)?.();
    waiting.delete(id);
  }),
);

const send = (answered: () => void): void => {
  lastId = (lastId + 1) >>> 0;
  header.setUint32(4, lastId);
  waiting.set(lastId, answered);
  link.write(request);
};

await warmUp(send);
report({ warm: true });
for (const inFlight of [1, 64, 256]) report(await measureLoad(inFlight, send));
