import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, QconnError, type Client, type Job } from '@qconn/client';
import { note } from './journal.ts';
import { mindSignals } from './mind-signals.ts';

/** `provider-process.ts FOLDER JOURNAL MACHINE…`: machines of one process that do work until SIGTERM. */
const [folder = '', journal = '', ...machines] = process.argv.slice(2);
const decoder = new TextDecoder();

async function provide(machine: string): Promise<Client> {
  const credentials = join(folder, machine);
  const client = await connect({ credentials, agent: 'chaos/1', journal: join(credentials, 'jobs.journal') });
  const device = { device: 'd', serviceTypes: ['plain', 'keyed', 'fan', 'stream'], concurrency: 16 };
  // Registered with whatever connection there is, now or later.
  client.provide(device, (job) => work(machine, job)).catch(() => {});
  return client;
}

async function work(machine: string, job: Job): Promise<{ body: Uint8Array | string }> {
  const body = job.streamed ? await job.stream.bytes() : job.body;
  const id = job.headers['id'] ?? '';
  await sleep(Math.random() * 30);
  if (job.headers['behaviour'] === 'rejects') throw new QconnError('rejected', 'not today');
  note(journal, { line: 'ran', id, machine });
  if (job.headers['behaviour'] === 'throws') throw new Error('jammed');
  return { body: job.streamed ? body : `${id} ${decoder.decode(body)}` };
}

const clients = await Promise.all(machines.map(provide));
process.once('SIGTERM', () => void Promise.all(clients.map((client) => client.close())));
mindSignals();
