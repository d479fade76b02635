import { HUB_EXCHANGE, PROVIDER_EXCHANGE, SENDER_EXCHANGE } from '../../packages/protocol/src/index.ts';
import { code, markdownTable } from './markdown-table.ts';

type AnyStateTable = Readonly<
  Record<string, Readonly<Record<string, { readonly next: string; readonly actions: readonly string[] }>>>
>;

/** The three state tables of an exchange, as the code runs them. */
export function exchangeSection(): string {
  return [
    stateTable('At the sender', SENDER_EXCHANGE),
    stateTable('At the hub', HUB_EXCHANGE),
    stateTable('At the provider', PROVIDER_EXCHANGE),
  ].join('\n\n');
}

function stateTable(title: string, table: AnyStateTable): string {
  const rows = Object.entries(table).flatMap(([state, transitions]) =>
    Object.entries(transitions).map(([event, { next, actions }]) => [
      code(state),
      code(event),
      code(next),
      actions.map(code).join(', '),
    ]),
  );
  return `### ${title}\n\n${markdownTable(['in state', 'on', 'goes to', 'and does'], rows)}`;
}
