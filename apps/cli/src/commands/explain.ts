import { Argument, type Command } from 'commander';
import { EXIT_NOT_ALLOWED } from '../exit-codes.ts';
import { withExamples } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import { printable } from '../output/printable.ts';

export function addExplain(parent: Command, invocation: Invocation): void {
  const command = parent
    .command('explain')
    .argument('<machine>', 'hostname or fingerprint of who wants to')
    .addArgument(new Argument('<verb>', 'what it wants to do').choices(['submit', 'provide', 'query']))
    .argument('<service-type>', 'such as print')
    .option('--to <machine>', 'hostname or fingerprint of the other side')
    .description('say whether a machine may do something, and which rule decides; exits with 5 when it may not')
    .action((machine: string, verb: string, serviceType: string, { to }: { readonly to?: string }) =>
      explain({ machine, verb, serviceType, to }, invocation),
    );
  withExamples(command, [
    ['qconn explain lims submit print --to printer-pc', 'both sides are checked, as for a message'],
    ['qconn explain printer-pc provide print', 'towards anybody'],
  ]);
}

async function explain(
  question: { machine: string; verb: string; serviceType: string; to: string | undefined },
  invocation: Invocation,
): Promise<void> {
  const answer = await (await invocation.hub()).explain(question);
  const { paint } = invocation;
  const steps = answer.steps.map(
    (step) => `  ${verdict(step.allowed, invocation)}  ${printable(step.question)}\n       ${printable(step.reason)}\n`,
  );
  invocation.show(
    answer,
    () => `${paint(answer.allowed ? 'allowed' : 'not allowed', answer.allowed ? 'green' : 'red')}\n${steps.join('')}`,
  );
  if (!answer.allowed) invocation.exitCode = EXIT_NOT_ALLOWED;
}

function verdict(allowed: boolean, { paint }: Invocation): string {
  return allowed ? paint('yes', 'green') : paint('no ', 'red');
}
