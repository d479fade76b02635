import { QconnError, type Address } from '@qconn/protocol';
import type { Command } from 'commander';
import { requestBody } from '../exchange/request-body.ts';
import { reportOutcome } from '../exchange/report-outcome.ts';
import { Timeline } from '../exchange/timeline.ts';
import { withClient, withCredentials } from '../exchange/with-client.ts';
import { streamReply, writeReply } from '../exchange/write-reply.ts';
import { EXIT_INTERRUPTED } from '../exit-codes.ts';
import { withExamples } from '../help.ts';
import { readAddress } from '../input/address.ts';
import { parseDuration } from '../input/duration.ts';
import { gatherKeyValue } from '../input/key-value.ts';
import type { Invocation } from '../invocation.ts';

interface Options {
  readonly credentials?: string;
  readonly body?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly key?: string;
  readonly sticky?: string;
  readonly wait?: boolean;
  readonly resolution?: number;
  readonly deadline?: number;
  readonly out?: string;
}

const HELP = `
The address is SERVICE-TYPE[@MACHINE][/DEVICE]; what is left out the hub chooses among live, permitted providers.
The timeline goes to standard error, the reply’s body to standard output; with --json both are objects, one a
line, on standard output. Ctrl-C cancels the message at the machine too.
Do not send with one credential twice at once, nor with that of an agent that runs: two connections of one machine end each other.
Several programs of one machine send at once through its agent (qconn-agent send).

Exit codes: 0 completed; 3 not run, sending it again cannot run it twice; 4 may have been run; 130 cancelled;
1 and 2 as for every command.`;

export function addSend(parent: Command, invocation: Invocation): void {
  const command = withCredentials(parent.command('send'))
    .argument('<address>', 'where to, such as print@printer-pc/zebra-1', readAddress)
    .argument('[file]', 'the body; - or nothing: standard input. Over 64 KiB it is streamed')
    .description('send a message as an enrolled machine, and show what becomes of it')
    .option('--body <text>', 'the body itself')
    .option('--header <key=value>', 'a header; may be given several times', gatherKeyValue)
    .option('--key <text>', 'idempotency key: while it lives (an hour) the machine runs the message at most once')
    .option('--sticky <text>', 'of several machines the same one for the same text, as long as it is there')
    .option('--wait', 'where no machine is there: wait for one within --resolution, instead of failing at once')
    .option(
      '--resolution <duration>',
      'time for the connection, and for a machine to acknowledge (default 10s)',
      parseDuration,
    )
    .option('--deadline <duration>', 'time from the acknowledgement to the reply (default 30s)', parseDuration)
    .option('--out <file>', 'write the reply’s body here')
    .addHelpText('after', HELP)
    .action((address: Address, file: string | undefined, options: Options) => send(address, file, options, invocation));
  withExamples(command, [
    ['qconn send print@printer-pc/zebra-1 label.zpl', 'to one device'],
    ['qconn send print label.zpl --key order-4711', 'to any printer, at most once'],
    ['qconn send scale.read --body "" --json', 'for scripts'],
  ]);
}

async function send(
  address: Address,
  file: string | undefined,
  options: Options,
  invocation: Invocation,
): Promise<void> {
  const body = await requestBody({ file, text: options.body }, invocation.surroundings);
  const timeline = new Timeline(invocation);
  await withClient(options.credentials, invocation, async (client, signal) => {
    try {
      const reply = await client.request(address, body, {
        headers: options.header,
        idempotencyKey: options.key,
        stickyKey: options.sticky,
        waitForTarget: options.wait,
        resolutionMs: options.resolution,
        jobMs: options.deadline,
        onStatus: (report) => timeline.stage(report),
        onProgress: (part, json) => timeline.progress(part, json),
        signal,
      });
      const { out } = options;
      if (reply.streamed && (out !== undefined || streamsTo(invocation))) {
        timeline.reply(reply, await streamReply(reply.stream, out, invocation), undefined, out);
      } else {
        const whole = await reply.stream.bytes();
        await writeReply(whole, out, invocation);
        timeline.reply(reply, whole.length, whole, out);
      }
    } catch (error) {
      if (!(error instanceof QconnError)) throw error;
      timeline.failure(error);
      const code = reportOutcome(error, client.machine, options.key, invocation);
      invocation.exitCode = signal.aborted ? EXIT_INTERRUPTED : code;
    }
  });
}

/** A pipe or a file gets the reply as it comes; a terminal and JSON want it whole. */
function streamsTo({ json, surroundings: { stdout } }: Invocation): boolean {
  return !json && stdout.isTTY !== true;
}
