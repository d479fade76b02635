import { createInbox } from '@nats-io/transport-node';
import { measureLoad, warmUp } from '../load.ts';
import { receiveTask, report } from '../task.ts';
import { connectNats, type NatsTask } from './client.ts';

/** Keeps so many requests in flight, with one subscription for all answers: the quickest way that the client has. */
const task = await receiveTask<NatsTask>();
const nats = await connectNats(task);
const inbox = createInbox();
const waiting = new Map<string, () => void>();
const body = new Uint8Array(task.bodyBytes);
let lastId = 0;

nats.subscribe(`${inbox}.*`, {
  callback: (_error, { subject }) => {
    waiting.get(subject)?.();
    waiting.delete(subject);
  },
});

const send = (answered: () => void): void => {
  lastId += 1;
  const reply = `${inbox}.${lastId}`;
  waiting.set(reply, answered);
  nats.publish('bench', body, { reply });
};

await warmUp(send);
for (const inFlight of [1, 64, 256]) report(await measureLoad(inFlight, send));
await nats.close();
