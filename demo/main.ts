import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { QconnError } from '@qconn/client';
import { BODY_MAX_BYTES } from '@qconn/protocol';
import { Cast, type RunningHub } from './src/cast.ts';
import { Checks } from './src/checks.ts';
import { Story, type Document } from './src/story.ts';

const HELP = `Usage: npx -y pnpm@12 demo [-- [FILE] [--keep] [--agent PROGRAM]]

Runs the main job of qconn on real processes and sockets of this machine: a hub, an agent in front of
a label printer, and a laboratory system that prints FILE (default: a ZPL label; at most ${BODY_MAX_BYTES} bytes).

  --keep            leave the hub running and tell how to talk to it
  --agent PROGRAM   run this qconn-agent, such as dist/qconn-agent-linux-x64, instead of the one in apps/agent
  --help            show this
`;

const SPECIMEN = fileURLToPath(new URL('labels/specimen.zpl', import.meta.url));

async function readDocument(path: string | undefined): Promise<Document> {
  const bytes = await readFile(path ?? SPECIMEN);
  if (bytes.length > BODY_MAX_BYTES)
    throw new QconnError('too_large', `${path} has ${bytes.length} bytes; the demo sends at most ${BODY_MAX_BYTES}.`);
  return { name: basename(path ?? SPECIMEN), bytes: new Uint8Array(bytes) };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function tellHowToGoOn({ https, program }: RunningHub, key: string, pin: string, folder: string): void {
  print(`The hub keeps running (process ${program.pid}, files in ${folder}). Talk to it with:
  npx -y pnpm@12 qconn login ${https} ${key} --pin ${pin}
  npx -y pnpm@12 qconn machines
Let a program of your own, such as demo/hello.ts, provide and send:
  npx -y pnpm@12 qconn role put hello --allow provide:greet --allow submit:greet
  npx -y pnpm@12 hello ${https} $(npx -y pnpm@12 --silent qconn token create --roles hello --auto-approve)
End it with:
  kill ${program.pid} && until rm -r ${folder}; do sleep 1; done
`);
}

async function run(path: string | undefined, keep: boolean, agent: string | undefined): Promise<number> {
  const document = await readDocument(path);
  const cast = await Cast.gather(agent);
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new Error(`interrupted by ${signal}`)));
  });
  try {
    const checks = new Checks(print);
    const { hub, key, pin } = await Promise.race([new Story(cast, checks, document).play(), interrupted]);
    if (keep) cast.keep(hub.program);
    await cast.strike();
    checks.step(10, 'What was checked');
    checks.table();
    if (keep) tellHowToGoOn(hub, key, pin, cast.folder);
    print('demo: ok');
    return 0;
  } catch (error) {
    await cast.strike();
    throw error;
  }
}

async function main(): Promise<number> {
  try {
    // pnpm hands a leading `--` on.
    const args = process.argv.slice(2).filter((arg, index) => index > 0 || arg !== '--');
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        keep: { type: 'boolean', default: false },
        agent: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    return await run(positionals[0], values.keep, values.agent);
  } catch (error) {
    process.stderr.write(`demo: failed: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exit(await main());
