import type { Command } from 'commander';
import type { Invocation } from '../invocation.ts';

export function addMetrics(parent: Command, invocation: Invocation): void {
  parent
    .command('metrics')
    .description('print what the hub measures of itself, in Prometheus’ text format')
    .action(async () => {
      invocation.surroundings.stdout.write(await (await invocation.hub()).metrics());
    });
}
