import { receiveTask, report } from '../task.ts';
import { connectNats, type NatsTask } from './client.ts';

/** Answers each request with itself. */
const nats = await connectNats(await receiveTask<NatsTask>());
nats.subscribe('bench', { callback: (_error, message) => void message.respond(message.data) });
await nats.flush();
report({ ready: true });
