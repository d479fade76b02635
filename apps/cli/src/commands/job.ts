import { QconnError, type Address } from '@qconn/protocol';
import type { JobReport } from '@qconn/client';
import type { Command } from 'commander';
import { reportOutcome } from '../exchange/report-outcome.ts';
import { withClient, withCredentials } from '../exchange/with-client.ts';
import { writeReply } from '../exchange/write-reply.ts';
import { EXIT_NOT_SENT, EXIT_UNCERTAIN } from '../exit-codes.ts';
import { withExamples } from '../help.ts';
import { readAddress } from '../input/address.ts';
import type { Invocation } from '../invocation.ts';

interface Options {
  readonly credentials?: string;
  readonly out?: string;
}

const HELP = `
Nothing is run: the machine says what it knows of the job that this machine sent it with \`qconn send --key\`. It
knows an hour after the job's end, over restarts too if it is an agent.

Exit codes: 0 completed; 3 it never began, sending it again cannot run it twice; 4 it runs, or failed, or may have been
run; 1 and 2 as for every command.`;

const TEXTS: Readonly<Record<JobReport['state'], string>> = {
  absent: 'not known: it has not begun there, was refused, or ended over an hour ago',
  running: 'running',
  completed: 'completed',
  failed: 'failed',
  unknown: 'unknown: the program stopped while it ran the job',
};

export function addJob(parent: Command, invocation: Invocation): void {
  const command = withCredentials(parent.command('job'))
    .argument('<address>', 'where the job went, such as print@printer-pc/zebra-1; with its machine', readAddress)
    .argument('<key>', 'the idempotency key that it was sent with')
    .description('ask a machine what became of a job')
    .option('--out <file>', 'write the reply’s body here')
    .addHelpText('after', HELP)
    .action((address: Address, key: string, options: Options) => job(address, key, options, invocation));
  withExamples(command, [['qconn job print@printer-pc/zebra-1 order-4711', 'was the label printed?']]);
}

async function job(address: Address, key: string, options: Options, invocation: Invocation): Promise<void> {
  await withClient(options.credentials, invocation, async (client, signal) => {
    try {
      const report = await client.job(address, key, { signal });
      await show(report, options.out, invocation);
      if (report.state !== 'completed')
        invocation.exitCode = report.state === 'absent' ? EXIT_NOT_SENT : EXIT_UNCERTAIN;
    } catch (error) {
      if (!(error instanceof QconnError)) throw error;
      invocation.exitCode = reportOutcome(error, client.machine, key, invocation);
    }
  });
}

async function show(report: JobReport, out: string | undefined, invocation: Invocation): Promise<void> {
  const error = 'error' in report ? { code: report.error.code, message: report.error.message } : undefined;
  const body = 'reply' in report && report.reply ? Buffer.from(report.reply.body) : undefined;
  if (invocation.json)
    return invocation.show({ state: report.state, error, bodyBase64: body?.toString('base64') }, () => '');
  invocation.note(TEXTS[report.state]);
  if (error !== undefined) invocation.note(`  ${error.message}`);
  if (body !== undefined) await writeReply(body, out, invocation);
}
