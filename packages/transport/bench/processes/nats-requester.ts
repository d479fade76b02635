import { createInbox } from '@nats-io/transport-node';
import { measureLoad } from './load.ts';
import { connectNats, receiveNatsTask } from './nats-client.ts';
import { report } from './task.ts';

/** Keeps so many requests in flight, with one subscription for all answers: the quickest way that the client has. */
const nats = await connectNats(await receiveNatsTask());
const inbox = createInbox();
const waiting = new Map<string, () => void>();
const body = new Uint8Array(256);
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

for (const inFlight of [1, 64, 256]) report(await measureLoad(inFlight, send));
await nats.close();
