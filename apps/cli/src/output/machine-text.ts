import type { Machine } from '../api/views.ts';
import { keyValuesText } from '../input/key-value.ts';
import type { Invocation } from '../invocation.ts';
import type { Colour } from './colour.ts';
import type { Cell } from './table.ts';

const STATUS_COLOURS: Readonly<Record<Machine['status'], Colour>> = {
  pending: 'yellow',
  authorized: 'green',
  revoked: 'red',
};

export function statusCell({ status }: Machine): Cell {
  return { text: status, colour: STATUS_COLOURS[status] };
}

/** A machine's name in a sentence: its hostname, or the one that it asks for, and its short code. */
export function machineName({ hostname, requestedHostname, shortCode }: Machine): string {
  return `${hostname ?? requestedHostname ?? 'a machine without a hostname'} (${shortCode})`;
}

/** Everything that is known of a machine, for people. */
export function machineCard(machine: Machine, invocation: Invocation): string {
  const { fingerprint, shortCode, hostname, requestedHostname, requestedHolder, roles, labels, facts, online } =
    machine;
  return invocation.card([
    ['hostname', hostname ?? undefined],
    ['asks for', requestedHostname === hostname ? undefined : (requestedHostname ?? undefined)],
    ['held by', requestedHolder === null ? undefined : { text: holderText(requestedHolder), colour: 'yellow' }],
    ['status', statusCell(machine)],
    ['short code', shortCode],
    ['fingerprint', fingerprint],
    ['online', online ? { text: 'yes', colour: 'green' } : 'no'],
    ['roles', roles.join(', ') || 'none'],
    ['labels', keyValuesText(labels) || undefined],
    ['says it is', factsText(facts) || undefined],
    ['enrolled', invocation.when(machine.createdAt)],
    ['authorized', machine.authorizedAt === null ? undefined : invocation.when(machine.authorizedAt)],
    ['revoked', machine.revokedAt === null ? undefined : invocation.when(machine.revokedAt)],
    ['credential', machine.expiresAt === null ? 'none' : expiryText(machine.expiresAt, invocation)],
  ]);
}

function holderText(holder: string): string {
  return `${holder} – the same host with a new key (approve --replace), or a pretender`;
}

/** `expires in 6 d` or `expired 3 h ago`. */
export function expiryText(expiresAt: string, invocation: Invocation): string {
  const past = Date.parse(expiresAt) <= invocation.surroundings.now();
  return `${past ? 'expired' : 'expires'} ${invocation.when(expiresAt)}`;
}

function factsText(facts: Readonly<Record<string, unknown>>): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}
