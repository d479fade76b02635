import { join } from 'node:path';
import { connect, CredentialStore, enroll, type Client } from '@qconn/client';
import type { HerdNews, HerdTask } from './herd.ts';

/** Enrolments and first connections at once. */
const AT_ONCE = 8;

process.once('disconnect', () => process.exit(0));
process.once('message', (task: HerdTask) => void start(task));

async function start({ folder, hub, token, from, count }: HerdTask): Promise<void> {
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < from + count) {
      const name = `herd-${next++}`;
      const store = new CredentialStore(join(folder, name));
      await enroll({ hub, token, store, hostname: name, agent: 'herd/1' });
      const client = await connect({ credentials: store, agent: 'herd/1' });
      void follow(client);
      await client.connected({ phase: 'online' });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Tells of every time that a machine comes online, and of every try that comes to nothing. */
async function follow(client: Client): Promise<void> {
  let trying = false;
  for await (const event of client.events()) {
    if (event.kind !== 'phase') continue;
    const { phase } = event;
    const at = performance.timeOrigin + performance.now();
    if (phase === 'online') process.send?.({ arrived: true, at } satisfies HerdNews);
    else if (phase === 'backing_off' && trying) process.send?.({ arrived: false, at } satisfies HerdNews);
    trying = phase === 'connecting';
  }
}
