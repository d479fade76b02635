import type { Command } from 'commander';
import type { Invocation } from '../invocation.ts';
import { cardText } from '../output/card.ts';
import { nameOf, outcomeCell, typeCell } from './exchanges.ts';

export function addExchange(parent: Command, invocation: Invocation): void {
  parent
    .command('exchange')
    .argument('<id>', 'its id, as `qconn exchanges` shows it')
    .description('show what became of a message, stage by stage')
    .action((id: string) => exchange(id, invocation));
}

async function exchange(id: string, invocation: Invocation): Promise<void> {
  const past = await (await invocation.hub()).exchange(id);
  const [accepted] = past.stages;
  const start = Date.parse(accepted?.at ?? '');
  const stages = past.stages.map(({ stage, at }): [string, string] => [stage, `${at}  +${Date.parse(at) - start} ms`]);
  invocation.show(past, () =>
    cardText(
      [
        ['exchange', past.id],
        ['from', nameOf(past.from)],
        ['to', past.to === null ? 'no target was found' : `${nameOf(past.to)} / ${past.to.device}`],
        ['service type', typeCell(past)],
        ...stages,
        ['outcome', outcomeCell(past.outcome)],
        ['sent to it', `${past.deliveries} ${past.deliveries === 1 ? 'time' : 'times'}`],
        ['request', `${past.requestBytes} bytes`],
        ['response', `${past.responseBytes} bytes`],
        ['trace', past.traceId ?? undefined],
      ],
      invocation.paint,
    ),
  );
}
