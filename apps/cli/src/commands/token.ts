import type { Command } from 'commander';
import type { PageChoice } from '../api/hub-api.ts';
import type { Token } from '../api/views.ts';
import { withExamples } from '../help.ts';
import { parseSeconds } from '../input/duration.ts';
import { parseCount, parseNames } from '../input/names.ts';
import type { Invocation } from '../invocation.ts';
import { showList } from '../output/list.ts';
import { expiryText } from '../output/machine-text.ts';
import type { Cell } from '../output/table.ts';
import { withPageOptions } from './page-options.ts';

interface NewToken {
  readonly ttl?: number;
  readonly uses?: number;
  readonly hostname?: string;
  readonly roles?: string[];
  readonly autoApprove?: boolean;
}

const COLUMNS = [
  { title: 'ID' },
  { title: 'STATE' },
  { title: 'USES LEFT' },
  { title: 'HOSTNAME', cut: true },
  { title: 'ROLES', cut: true },
  { title: 'APPROVAL' },
  { title: 'MADE' },
];

const NOTHING = 'There is no token. Make one with: qconn token create';

export function addToken(parent: Command, invocation: Invocation): void {
  const token = parent.command('token').description('enrolment tokens: create, list, revoke');
  addCreate(token, invocation);
  withPageOptions(token.command('list'))
    .description('list enrolment tokens, without their secrets')
    .action(async (choice: PageChoice) => {
      const page = await (await invocation.hub()).tokens(choice);
      const style = { columns: COLUMNS, rows: (item: Token) => [row(item, invocation)], nothing: NOTHING };
      showList(page, style, invocation);
    });
  token
    .command('revoke')
    .argument('<id>', 'as `qconn token list` shows it')
    .description('revoke a token: nobody can enrol with it any more; machines that did stay')
    .action(async (id: string) => {
      const record = await (await invocation.hub()).revokeToken(id);
      invocation.show(record, () => `The token ${record.id} is revoked.\n`);
    });
}

function addCreate(parent: Command, invocation: Invocation): void {
  const command = parent
    .command('create')
    .description('make an enrolment token: printed on standard output, shown this once')
    .option('--ttl <duration>', 'how long it is good (default 24h)', parseSeconds)
    .option('--uses <n>', 'how many machines may enrol with it (default 1)', parseCount)
    .option('--hostname <name>', 'the hostname that its machine asks for, or a pattern that theirs have to match')
    .option('--roles <a,b>', 'roles to grant on automatic approval', parseNames)
    .option('--auto-approve', 'authorize machines as they enrol: whoever has the token is in')
    .action((options: NewToken) => create(options, invocation));
  withExamples(command, [
    ['qconn token create', 'one machine, within a day'],
    ['qconn token create --hostname printer-pc --ttl 1h', 'for one host'],
    ['qconn token create --uses 40 --ttl 7d', 'for a fleet; approve each'],
    ["qconn token create --uses 40 --hostname 'kiosk-*' --roles kiosk --auto-approve", 'for hosts of these names'],
    ['qconn token create --roles kiosk --auto-approve', 'no approval needed'],
  ]);
}

async function create({ ttl, uses, hostname, roles, autoApprove }: NewToken, invocation: Invocation): Promise<void> {
  const hub = await invocation.hub();
  const { token, record } = await hub.createToken({ ttlSeconds: ttl, uses, hostname, roles, autoApprove });
  const enrol = (text: string): string =>
    `qconn-agent enroll --hub ${hub.origin} --credentials /var/lib/qconn-agent --token ${text}`;
  invocation.show({ token, enrol: enrol(token), record }, () => `${token}\n`);
  if (invocation.json) return;
  // Who captures standard output keeps the token from being seen, as in the log of an automatic run.
  const shown = invocation.surroundings.stdout.isTTY === true ? token : 'TOKEN';
  invocation.note(
    `\nThe token is shown this once. It is good for ${record.uses === 1 ? 'one machine' : `${record.uses} machines`} and ${expiryText(record.expiresAt, invocation)}.`,
  );
  invocation.note(
    `On the machine, for an agent:\n\n  ${enrol(shown)}\n\nor, to send from the command line:\n\n  qconn enroll ${hub.origin} --token ${shown}\n`,
  );
  if (!record.autoApprove) invocation.note('Then approve it: qconn machines --status pending');
}

function row(token: Token, invocation: Invocation): Cell[] {
  const { id, usesLeft, uses, hostname, roles, autoApprove, createdAt } = token;
  return [
    id,
    stateCell(token, invocation),
    `${usesLeft} of ${uses}`,
    hostname ?? '–',
    roles.join(', ') || '–',
    autoApprove ? { text: 'automatic', colour: 'yellow' } : 'by hand',
    invocation.when(createdAt),
  ];
}

function stateCell({ revokedAt, expiresAt, usesLeft }: Token, invocation: Invocation): Cell {
  if (revokedAt !== null) return { text: 'revoked', colour: 'red' };
  if (Date.parse(expiresAt) <= invocation.surroundings.now())
    return { text: expiryText(expiresAt, invocation), colour: 'dim' };
  return usesLeft === 0
    ? { text: 'spent', colour: 'dim' }
    : { text: expiryText(expiresAt, invocation), colour: 'green' };
}
