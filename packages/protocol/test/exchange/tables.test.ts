import { describe, expect, test } from 'vitest';
import {
  ERROR_TABLE,
  HUB_EXCHANGE,
  HUB_FAILURES,
  PROVIDER_EXCHANGE,
  SENDER_EXCHANGE,
  transition,
  type HubAction,
  type StateTable,
} from '@qconn/protocol';

type AnyTable = StateTable<string, string, string>;

interface Row {
  readonly state: string;
  readonly event: string;
  readonly next: string;
  readonly actions: readonly string[];
}

function rowsOf(table: AnyTable): Row[] {
  return Object.entries(table).flatMap(([state, events]) =>
    Object.entries(events).flatMap(([event, row]) => (row === undefined ? [] : [{ state, event, ...row }])),
  );
}

/** States that can be reached from a state. */
function reachable(table: AnyTable, from: string): Set<string> {
  const seen = new Set([from]);
  for (const state of seen)
    for (const row of Object.values(table[state] ?? {})) if (row !== undefined) seen.add(row.next);
  return seen;
}

const FINAL: Readonly<Record<string, ReadonlySet<string>>> = {
  sender: new Set(['resolve', 'rejectOutcome', 'rejectCancelled', 'rejectHubLost']),
  hub: new Set(['relayResponse', 'relayOutcome', 'failUnresolved', ...Object.keys(HUB_FAILURES)]),
  provider: new Set(['sendResponse', 'sendFailure', 'sendRefusal']),
};

describe.each([
  ['sender', SENDER_EXCHANGE as AnyTable, 'sent'],
  ['hub', HUB_EXCHANGE as AnyTable, 'resolving'],
  ['provider', PROVIDER_EXCHANGE as AnyTable, 'received'],
] as const)('the table of the %s', (place, table, first) => {
  const final = FINAL[place] as ReadonlySet<string>;
  const rows = rowsOf(table);

  test('reaches every state, and done from each', () => {
    expect([...reachable(table, first)].toSorted()).toEqual(Object.keys(table).toSorted());
    for (const state of Object.keys(table)) expect(reachable(table, state)).toContain('done');
  });

  test('ignores everything once done', () => {
    expect(table['done']).toEqual({});
    for (const { event } of rows) expect(transition(table, 'done', event)).toBeUndefined();
  });

  test('gives a final word only on the way to done, and never two', () => {
    for (const { state, event, next, actions } of rows) {
      const words = actions.filter((action) => final.has(action)).length;
      expect(words, `${state} on ${event}`).toBeLessThanOrEqual(next === 'done' ? 1 : 0);
    }
  });
});

test('the sender gives its caller exactly one final word on every way to done', () => {
  for (const { next, actions } of rowsOf(SENDER_EXCHANGE)) {
    if (next === 'done') expect(actions.filter((action) => FINAL['sender']?.has(action))).toHaveLength(1);
  }
});

describe('the hub', () => {
  const rows = rowsOf(HUB_EXCHANGE);

  test('tells the sender exactly one final word on every way to done while the sender is there', () => {
    for (const { state, event, next, actions } of rows) {
      const senderIsThere = state !== 'orphaned' && event !== 'senderLost' && event !== 'senderRevoked';
      if (next === 'done')
        expect(actions.filter((action) => FINAL['hub']?.has(action)).length, `${state} on ${event}`).toBe(
          senderIsThere ? 1 : 0,
        );
    }
  });

  test('tells a sender that is gone nothing at all', () => {
    const toTarget: HubAction[] = ['cancelTarget', 'armJobDeadline', 'extendJobDeadline'];
    for (const { state, event, actions } of rows) {
      if (state === 'orphaned' || event === 'senderLost' || event === 'senderRevoked')
        expect(toTarget).toEqual(expect.arrayContaining([...actions]));
    }
  });

  test('calls nothing safe to retry that has been sent to a target', () => {
    for (const { state, event, actions } of rows) {
      for (const action of actions) {
        const code = HUB_FAILURES[action as keyof typeof HUB_FAILURES] as
          | (typeof HUB_FAILURES)[keyof typeof HUB_FAILURES]
          | undefined;
        if (code !== undefined && state !== 'resolving')
          expect(ERROR_TABLE[code].retrySafe, `${state} on ${event}`).toBe(false);
        if (action === 'failUnresolved') expect(state).toBe('resolving');
      }
    }
  });

  test('ends everything when it stops, and when the sender’s machine is revoked', () => {
    for (const state of Object.keys(HUB_EXCHANGE).filter((name) => name !== 'done')) {
      expect(transition(HUB_EXCHANGE as AnyTable, state, 'shutdown')?.next).toBe('done');
      expect(transition(HUB_EXCHANGE as AnyTable, state, 'senderRevoked')?.next).toBe('done');
    }
  });

  test('cancels at the target only while the target is there', () => {
    for (const { state, event, actions } of rows) {
      if (actions.includes('cancelTarget')) expect(['forwarded', 'acknowledged', 'orphaned']).toContain(state);
      if (event === 'targetLost' || event === 'targetRevoked') expect(actions).not.toContain('cancelTarget');
    }
  });
});

test('the provider acknowledges before it starts the handler', () => {
  for (const { actions } of rowsOf(PROVIDER_EXCHANGE)) {
    if (actions.includes('startHandler')) expect(actions.indexOf('sendAck')).toBe(actions.indexOf('startHandler') - 1);
  }
});
