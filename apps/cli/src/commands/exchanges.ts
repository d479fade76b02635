import type { Command } from 'commander';
import type { ExchangeFilter, PageChoice } from '../api/hub-api.ts';
import type { PastExchange } from '../api/views.ts';
import { withExamples } from '../help.ts';
import { parseDuration } from '../input/duration.ts';
import type { Invocation } from '../invocation.ts';
import { showList, type ListStyle } from '../output/list.ts';
import { withPageOptions } from './page-options.ts';

interface Options extends Omit<ExchangeFilter, 'since'>, PageChoice {
  readonly type?: string;
  readonly since?: number;
  readonly trace?: string;
}

export function addExchanges(parent: Command, invocation: Invocation): void {
  const command = withPageOptions(parent.command('exchanges'))
    .description('list the messages that ended at this hub lately, the last first: from whom, to whom, and how')
    .option('--from <machine>', 'only those that this machine sent')
    .option('--to <machine>', 'only those that went to this machine')
    .option('--type <service-type>', 'only those of this service type')
    .option('--outcome <code>', 'only those that ended so: completed, or an error code')
    .option('--trace <id>', 'only those of this trace')
    .option('--since <duration>', 'only those that ended within this time, such as 15m', parseDuration)
    .action((options: Options) => exchanges(options, invocation));
  withExamples(command, [
    ['qconn exchanges --to printer-pc --since 1h', 'what did the printer get?'],
    ['qconn exchanges --outcome target_lost', 'what has been left unknown?'],
  ]);
}

async function exchanges(options: Options, invocation: Invocation): Promise<void> {
  const { from, to, type, outcome, trace, since, all, limit, after } = options;
  const hub = await invocation.hub();
  const filter = {
    from,
    to,
    serviceType: type,
    outcome,
    traceId: trace,
    since: since === undefined ? undefined : new Date(invocation.surroundings.now() - since).toISOString(),
  };
  showList(await hub.exchanges(filter, { all, limit, after }), style(invocation), invocation);
}

function style(invocation: Invocation): ListStyle<PastExchange> {
  return {
    columns: [
      { title: 'ID' },
      { title: 'ENDED' },
      { title: 'FROM', cut: true },
      { title: 'TO', cut: true },
      { title: 'TYPE' },
      { title: 'TOOK' },
      { title: 'OUTCOME' },
    ],
    rows: (item) => [
      [
        item.id,
        invocation.when(item.stages.at(-1)?.at ?? null),
        nameOf(item.from),
        item.to === null ? '–' : `${nameOf(item.to)} / ${item.to.device}`,
        typeCell(item),
        `${item.durationMs.toFixed(1)} ms`,
        outcomeCell(item.outcome),
      ],
    ],
    nothing: 'The hub remembers no such exchange.',
  };
}

/** A machine as people know it. */
export function nameOf({ machine, hostname }: { readonly machine: string; readonly hostname: string | null }): string {
  return hostname ?? machine;
}

/** What was asked for: a job, or what became of one. */
export function typeCell({ serviceType, inquiry }: PastExchange): string {
  return inquiry ? `${serviceType} (inquiry)` : serviceType;
}

/** How an exchange ended, green when it ended well. */
export function outcomeCell(outcome: string): { text: string; colour: 'green' | 'red' } {
  return { text: outcome, colour: outcome === 'completed' ? 'green' : 'red' };
}
