import { connectThrough, FAULT_TABLE, moveBody, moveMessages, type Fault } from '../test/fault-table.ts';
import { createAuthority } from '../test/pki.ts';
import { commandLine } from '../../../tooling/command-line/command-line.ts';

const {
  bytes,
  messages,
  handshakes,
  'at-once': atOnce,
  only = '',
  seed = Date.now() % 1_000_000,
} = commandLine({
  name: 'bench fault-table',
  about: `Echoes a body and messages at once through each impairment of the fault table, and makes handshakes through a loss
of 30 %. A byte that is wrong, a transfer over 120 s or a handshake over 10 s is a failure. The last line is JSON.`,
  options: {
    bytes: { number: 10_000_000, about: 'length of the body' },
    messages: { number: 1_000, about: 'how many messages' },
    handshakes: { number: 50, about: 'how many handshakes' },
    'at-once': { number: 1, about: 'how many impairments at once; by more than one their times say little' },
    only: { text: 'TEXT', about: 'the impairments with this in their name' },
    seed: { number: undefined, about: 'the same makes the same faults for the same datagrams' },
  },
});
const TRANSFER_MS = 120_000;
const HANDSHAKE_MS = 10_000;

const authority = await createAuthority('fault root');
const hub = await authority.issue({ ips: ['127.0.0.1'] });
const machine = await authority.issue();
const seconds: Record<string, number> = {};
let failed = 0;

console.log(`seed ${seed}, ${bytes} bytes and ${messages} messages of 200 bytes, both ways`);
const waiting = FAULT_TABLE.filter(({ name }) => name.includes(only));
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) await run(fault);
  }),
);

const times = await Promise.all(Array.from({ length: handshakes ?? 0 }, (_, index) => shake((seed ?? 1) + index)));
const shaken = times.filter((ms) => ms !== undefined).toSorted((a, b) => a - b);
failed += times.length - shaken.length;
const slowest = Math.round(shaken.at(-1) ?? 0);
console.log(
  `handshakes through a loss of 30 %: ${shaken.length} of ${times.length}, the median after ${Math.round(shaken[shaken.length >> 1] ?? 0)} ms, the last after ${slowest} ms`,
);
console.log(
  JSON.stringify({
    bench: 'fault-table',
    seed,
    failed,
    seconds,
    handshakes: { through: shaken.length, of: times.length, slowestMs: slowest },
  }),
);
process.exitCode = failed === 0 ? 0 : 1;

async function run(fault: Fault): Promise<void> {
  const { network, ours, close } = await connectThrough({ hub, machine, seed });
  network.setFaults(fault.faults ?? {});
  const begun = performance.now();
  const end = fault.meanwhile?.(network);
  const outcome = await Promise.race([
    Promise.all([moveBody(ours, bytes), moveMessages(ours, messages)]).then(() => 'whole'),
    new Promise<string>((resolve) => setTimeout(() => resolve('not through'), TRANSFER_MS).unref()),
  ]).catch((error: Error) => error.message);
  end?.();
  seconds[fault.name] = Math.round((performance.now() - begun) / 10) / 100;
  if (outcome !== 'whole') failed += 1;
  console.log(`${fault.name.padEnd(50)} ${String(seconds[fault.name]).padStart(7)} s   ${outcome}`);
  await close();
}

async function shake(itsSeed: number): Promise<number | undefined> {
  const begun = performance.now();
  const through = { hub, machine, faults: { loss: 0.3 }, seed: itsSeed, handshakeDeadlineMs: HANDSHAKE_MS };
  const connected = await connectThrough(through).catch(() => undefined);
  const took = performance.now() - begun;
  await connected?.close();
  return connected === undefined ? undefined : took;
}
