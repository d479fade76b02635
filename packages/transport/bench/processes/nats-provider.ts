import { connectNats, receiveNatsTask } from './nats-client.ts';
import { report } from './task.ts';

/** Answers each request with itself. */
const nats = await connectNats(await receiveNatsTask());
nats.subscribe('bench', { callback: (_error, message) => void message.respond(message.data) });
await nats.flush();
report({ ready: true });
