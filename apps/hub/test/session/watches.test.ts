import { compilePolicy, type Policy, type Principal, type Role } from '@qconn/authz';
import {
  decodeWatchChanges,
  decodeWatchSnapshot,
  FrameType,
  WATCH_BACKLOG_MAX,
  WATCHES_PER_SESSION_MAX,
  type PresenceChange,
  type Provider,
} from '@qconn/protocol';
import { SessionTable, type Session } from '@qconn/routing';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Touched } from '../../src/policy/live-policy.ts';
import type { Peer } from '../../src/relay/peer.ts';
import { findProviders } from '../../src/session/find-providers.ts';
import { Watches } from '../../src/session/watches.ts';
import { machine, RecordingPeer } from '../relay/relay-stage.ts';

const ROLES: readonly Role[] = [
  { name: 'lims', grants: [{ effect: 'allow', verb: 'query', serviceTypes: ['print'] }] },
  {
    name: 'oslo',
    grants: [{ effect: 'allow', verb: 'query', serviceTypes: ['*'], selector: { labels: { site: 'oslo' } } }],
  },
  { name: 'printer', grants: [{ effect: 'allow', verb: 'provide', serviceTypes: ['print', 'scan'] }] },
];

/** Policy, sessions and watches, with the policy in the test's hand. */
class Stage {
  readonly sessions = new SessionTable<Peer>();
  readonly watches: Watches;
  policy: Policy = compilePolicy({
    generation: 1,
    roles: ROLES,
    machines: [machine('qc1lims', 'lims'), machine('qc1a', 'printer'), machine('qc1b', 'printer')],
  });
  #tell: (touched: Touched) => void = () => {};
  #count = 0;

  constructor() {
    const current = (): Policy => this.policy;
    const policy = {
      get current() {
        return current();
      },
      onChange: (listener: (touched: Touched) => void) => void (this.#tell = listener),
    };
    this.watches = new Watches({ sessions: this.sessions, policy });
  }

  change(change: { machines?: readonly Principal[]; roles?: readonly Role[] }): void {
    this.policy = this.policy.with({ generation: this.policy.generation + 1, ...change });
    this.#tell(change.roles === undefined ? (change.machines ?? []).map(({ fingerprint }) => fingerprint) : 'all');
  }

  connect(fingerprint: string, device?: string, serviceTypes: readonly string[] = ['print']): Session<Peer> {
    const { hostname } = this.policy.machine(fingerprint) ?? {};
    const value = new RecordingPeer();
    const { session } = this.sessions.add({ id: `s${this.#count++}`, fingerprint, hostname, value });
    if (device !== undefined) this.sessions.provide(session, device, serviceTypes);
    return session;
  }
}

/** What a watcher has been sent so far, in words. */
async function sent({ value }: Session<Peer>): Promise<string[]> {
  // A comparison with every device has a turn of its own.
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  return (value as RecordingPeer).frames.splice(0).flatMap((frame) => {
    if (frame.type === FrameType.WatchSnapshot) {
      const { version, cause, providers } = decodeWatchSnapshot(frame);
      return [`${cause} ${version}: ${providers.map(name).join(' ')}`];
    }
    const { version, changes } = decodeWatchChanges(frame);
    return changes.map((each, at) => `${version + at} ${name(each)} ${each.gone ?? ''}`.trim());
  });
}

function name({ hostname, device, serviceTypes }: Provider | PresenceChange): string {
  return `${hostname}/${device}:${serviceTypes.join('+')}`;
}

let stage: Stage;
let lims: Session<Peer>;

beforeEach(() => {
  stage = new Stage();
  lims = stage.connect('qc1lims');
});

describe('a watcher', () => {
  test('gets what is there, then what comes, changes and goes, with the reason, in order', async () => {
    stage.connect('qc1a', 'zebra-1');
    stage.watches.begin(lims, 1, {});
    expect(await sent(lims)).toEqual(['begun 0: printer/zebra-1:print']);
    const other = stage.connect('qc1b', 'd1');
    stage.sessions.provide(other, 'd2', ['print', 'scan']);
    stage.sessions.withdraw(other, 'd1');
    expect(await sent(lims)).toEqual([
      '1 printer/d1:print',
      // It may not query scan.
      '2 printer/d2:print',
      '3 printer/d1:print withdrawn',
    ]);
    stage.sessions.provide(other, 'd2', ['scan']);
    stage.sessions.provide(other, 'd2', ['print']);
    stage.sessions.provide(other, 'd2', ['scan', 'print']);
    stage.sessions.remove(other.id, 'idle_timeout');
    expect(await sent(lims)).toEqual([
      '4 printer/d2:print withdrawn',
      '5 printer/d2:print',
      '6 printer/d2:print idle_timeout',
    ]);
  });

  test('sees a machine that connects anew go as superseded, and its devices come when they are registered', async () => {
    stage.connect('qc1a', 'zebra-1');
    stage.watches.begin(lims, 1, {});
    await sent(lims);
    stage.connect('qc1a', 'zebra-1');
    expect(await sent(lims)).toEqual(['1 printer/zebra-1:print superseded', '2 printer/zebra-1:print']);
  });

  test('is told only of what it asked for', async () => {
    stage.change({ machines: [{ ...machine('qc1b', 'printer'), hostname: 'kiosk-7' }] });
    stage.watches.begin(lims, 1, { machine: 'kiosk-*' });
    stage.watches.begin(lims, 2, { serviceType: 'scan' });
    stage.connect('qc1a', 'zebra-1');
    stage.connect('qc1b', 'd');
    expect(await sent(lims)).toEqual(['begun 1: kiosk-7/d:print', 'begun 0: ']);
  });

  test('is told nothing any more when it does not want it, or is gone', async () => {
    stage.watches.begin(lims, 1, {});
    stage.watches.begin(lims, 2, {});
    await sent(lims);
    stage.watches.end(lims, 1);
    stage.connect('qc1a', 'd');
    expect(await sent(lims)).toEqual(['1 printer/d:print']);
    stage.watches.lost(lims);
    stage.connect('qc1b', 'd');
    expect(await sent(lims)).toEqual([]);
    expect(stage.watches.size).toBe(0);
  });

  test('has a limited number of watches, each with an id of its own', () => {
    for (let id = 1; id <= WATCHES_PER_SESSION_MAX; id++) stage.watches.begin(lims, id, {});
    expect(() => stage.watches.begin(lims, 99, {})).toThrow(expect.objectContaining({ code: 'quota' }));
    expect(() => stage.watches.begin(lims, 1, {})).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});

describe('rights are those of the moment', () => {
  test('a watcher that loses and gets its right sees devices go as forbidden, and come', async () => {
    stage.connect('qc1a', 'zebra-1');
    stage.watches.begin(lims, 1, {});
    await sent(lims);
    stage.change({ machines: [machine('qc1lims', 'nobody')] });
    expect(await sent(lims)).toEqual(['1 printer/zebra-1:print forbidden']);
    stage.connect('qc1b', 'd');
    expect(await sent(lims)).toEqual([]);
    stage.change({ machines: [machine('qc1lims', 'lims')] });
    expect(await sent(lims)).toEqual(['2 printer/zebra-1:print', '3 printer/d:print']);
  });

  test('a provider that loses its right goes, one that is revoked goes as revoked, once', async () => {
    stage.connect('qc1a', 'zebra-1');
    const revoked = stage.connect('qc1b', 'd');
    stage.watches.begin(lims, 1, {});
    await sent(lims);
    stage.change({ machines: [machine('qc1a', 'nobody')] });
    stage.change({ machines: [machine('qc1b', 'printer', 'revoked')] });
    stage.sessions.remove(revoked.id, 'revoked');
    expect(await sent(lims)).toEqual(['1 printer/zebra-1:print forbidden', '2 printer/d:print revoked']);
  });

  test('a role that changes is felt by all who have it, and by nobody else', async () => {
    stage.connect('qc1a', 'zebra-1', ['print', 'scan']);
    stage.watches.begin(lims, 1, {});
    await sent(lims);
    stage.change({ roles: [{ name: 'unrelated', grants: [] }] });
    expect(await sent(lims)).toEqual([]);
    stage.change({ roles: [{ name: 'lims', grants: [{ effect: 'allow', verb: 'query', serviceTypes: ['*'] }] }] });
    expect(await sent(lims)).toEqual(['1 printer/zebra-1:print+scan']);
  });

  test('a label decides, and a new hostname is news', async () => {
    stage.change({ machines: [machine('qc1lims', 'oslo')] });
    stage.connect('qc1a', 'zebra-1');
    stage.watches.begin(lims, 1, {});
    expect(await sent(lims)).toEqual(['begun 0: ']);
    const labelled = { ...machine('qc1a', 'printer'), labels: { site: 'oslo' } };
    stage.change({ machines: [labelled] });
    stage.change({ machines: [{ ...labelled, hostname: 'oslo-7' }] });
    expect(await sent(lims)).toEqual(['1 printer/zebra-1:print', '2 oslo-7/zebra-1:print']);
  });
});

describe('a watcher that does not keep up', () => {
  test('gets a snapshot when it takes more again, and no more memory than the limit is used for it', async () => {
    const peer = lims.value as RecordingPeer;
    const printer = stage.connect('qc1a');
    stage.watches.begin(lims, 1, {});
    await sent(lims);
    const taken = Promise.withResolvers<void>();
    peer.bufferedBytes = 10 * 1024 * 1024;
    peer.writable = () => taken.promise;
    for (let n = 0; n <= 2 * WATCH_BACKLOG_MAX; n++)
      stage.sessions.provide(printer, 'd', n % 2 === 0 ? ['print'] : ['scan']);
    expect(await sent(lims)).toEqual([]);
    peer.bufferedBytes = 0;
    taken.resolve();
    const [first, ...rest] = await sent(lims);
    expect(first).toMatch(/^(1 |behind)/);
    expect([first, ...rest].at(-1)).toBe(`behind ${2 * WATCH_BACKLOG_MAX + 1}: printer/d:print`);
    stage.sessions.withdraw(printer, 'd');
    expect(await sent(lims)).toEqual([`${2 * WATCH_BACKLOG_MAX + 2} printer/d:print withdrawn`]);
  });

  test('is forgotten when its connection ends first', async () => {
    const peer = lims.value as RecordingPeer;
    stage.watches.begin(lims, 1, {});
    peer.bufferedBytes = 10 * 1024 * 1024;
    peer.writable = () => Promise.reject(new Error('gone'));
    expect(await sent(lims)).toEqual([]);
    peer.bufferedBytes = 0;
    stage.connect('qc1a', 'd');
    expect(await sent(lims)).toEqual([]);
  });
});

describe('a query', () => {
  const find = async (query: Parameters<typeof findProviders>[3]): Promise<string[]> =>
    (await findProviders(stage.sessions, stage.policy, 'qc1lims', query)).map(
      (found) => `${found.fingerprint} ${found.online ? found.device : 'offline'}`,
    );

  test('finds those that are online, those that are not, or all', async () => {
    stage.connect('qc1a', 'zebra-1');
    expect(await find({ serviceType: 'print' })).toEqual(['qc1a zebra-1']);
    expect(await find({ serviceType: 'print', state: 'offline' })).toEqual(['qc1b offline']);
    expect(await find({ serviceType: 'print', state: 'any' })).toEqual(['qc1a zebra-1', 'qc1b offline']);
    expect(await find({ serviceType: 'print', state: 'any', machine: 'nobody-*' })).toEqual([]);
  });

  test('counts a machine that is connected without a device for the work as offline', async () => {
    stage.connect('qc1b', 'd', ['scan']);
    expect(await find({ serviceType: 'print', state: 'offline' })).toEqual(['qc1a offline', 'qc1b offline']);
  });

  test('does not tell of machines that the caller may not query', async () => {
    expect(await find({ serviceType: 'scan', state: 'any' })).toEqual([]);
    stage.change({ machines: [machine('qc1a', 'printer', 'pending')] });
    expect(await find({ serviceType: 'print', state: 'any' })).toEqual(['qc1b offline']);
  });

  test('needs a service type for machines that are offline', async () => {
    await expect(find({ state: 'any' })).rejects.toMatchObject({ code: 'invalid_request' });
  });
});
