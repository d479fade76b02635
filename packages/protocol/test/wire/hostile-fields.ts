import { encode } from 'cborg';
import type { FrameType } from '@qconn/protocol';

type Name = keyof typeof FrameType;

const long = (length: number): string => 'a'.repeat(length);

const CHANGE = { device: 'zebra-1', serviceTypes: ['print'], fingerprint: 'qc1a', hostname: 'pc' };
const PROVIDER = { ...CHANGE, online: true };

/** Fields of each frame whose control section is a map that are wrong although the CBOR is right; merged over a good map. */
export const WRONG_FIELDS: Readonly<Partial<Record<Name, readonly Readonly<Record<string, unknown>>[]>>> = {
  Hello: [
    { agent: 1 },
    { instance: long(129) },
    { instance: 1 },
    { remembersJobs: 1 },
    { remembersJobs: null },
    { agent: null },
    { agent: long(129) },
    { agent: new Uint8Array(1) },
    { lanes: 0 },
    { lanes: 17 },
    { lanes: -1 },
    { lanes: '4' },
    { lanes: true },
  ],
  Welcome: [
    { status: 'admin' },
    { status: 1 },
    { hostname: null },
    { hostname: long(129) },
    { roles: 'admin' },
    { roles: [1] },
    { roles: [long(129)] },
    { roles: Array.from({ length: 65 }, () => 'r') },
    { hub: 1 },
    { epoch: [] },
    { session: {} },
    { fingerprint: false },
    { shortCode: 0 },
  ],
  Status: [{ status: '' }, { status: 'constructor' }, { roles: {} }, { hostname: 5 }],
  GoAway: [
    { code: -1 },
    { code: 65_536 },
    { code: 'closed' },
    { reason: 5 },
    { reason: long(1_025) },
    { spreadMs: -1 },
    { spreadMs: 86_400_001 },
  ],
  CallFailed: [{ code: -1 }, { code: null }, { reason: [] }, { reason: long(1_025) }],
  Provide: [
    { device: '' },
    { device: 'a/b' },
    { device: long(129) },
    { device: 1 },
    { serviceTypes: [] },
    { serviceTypes: ['Print'] },
    { serviceTypes: ['print', 2] },
    { serviceTypes: 'print' },
    { serviceTypes: { 0: 'print' } },
    { serviceTypes: Array.from({ length: 33 }, (_, n) => `s${n}`) },
  ],
  Provided: [{ permitted: 1 }, { permitted: 'true' }, { permitted: null }],
  Withdraw: [{ device: '' }, { device: 'a b' }, { device: 7 }],
  Query: [
    { serviceType: '' },
    { serviceType: 'Print' },
    { serviceType: null },
    { serviceType: 1 },
    { machine: '' },
    { machine: 'a_b' },
    { machine: '*a' },
    { machine: 'a*b' },
    { machine: `${long(128)}*` },
    { machine: [] },
    { state: 'dead' },
    { state: true },
  ],
  QueryResult: [
    { last: 0 },
    { providers: {} },
    { providers: [1] },
    { providers: [[]] },
    { providers: [null] },
    { providers: [new Uint8Array(1)] },
    { providers: [{ device: 'd' }] },
    { providers: [{ ...PROVIDER, online: 1 }] },
    { providers: [{ ...PROVIDER, device: '' }] },
    { providers: [{ ...PROVIDER, serviceTypes: [] }] },
    { providers: Array.from({ length: 65 }, () => ({})) },
  ],
  Watch: [{ serviceType: 'Print' }, { machine: 'a_b' }, { machine: '**' }],
  WatchSnapshot: [
    { version: -1 },
    { version: '1' },
    { cause: 'bored' },
    { last: 1 },
    { providers: [{ device: 'd' }] },
    { providers: Array.from({ length: 65 }, () => ({})) },
  ],
  WatchChanges: [
    { version: -1 },
    { changes: {} },
    { changes: [1] },
    { changes: [{ ...CHANGE, gone: 'closed' }] },
    { changes: [{ ...CHANGE, gone: 65_536 }] },
    { changes: [{ ...CHANGE, device: 'a/b' }] },
    { changes: [{ ...CHANGE, serviceTypes: ['Print'] }] },
    { changes: Array.from({ length: 65 }, () => CHANGE) },
  ],
  Renewed: [
    { chain: 'pem' },
    { chain: ['pem'] },
    { chain: [new Uint8Array(4_097)] },
    { chain: Array.from({ length: 5 }, () => new Uint8Array(1)) },
  ],
  Trust: [
    { roots: [] },
    { roots: 'pem' },
    { roots: [1] },
    { roots: [new Uint8Array(4_097)] },
    { roots: Array.from({ length: 5 }, () => new Uint8Array(1)) },
    { renewWithinMs: -1 },
    { renewWithinMs: 1.5 },
    { renewWithinMs: 86_400_001 },
    { renewWithinMs: null },
  ],
  TrustHeld: [{ trust: 1 }, { trust: 'x'.repeat(129) }, { serial: null }, { serial: new Uint8Array(1) }],
  Credit: [
    { requests: 0 },
    { requests: 1_025 },
    { requests: 1.5 },
    { requests: '1' },
    { forMs: -1 },
    { forMs: 86_400_001 },
  ],
};

/** One wrong value of each field, as the control section in which it stands. */
export function* wrongMaps(name: Name): Generator<[what: string, control: Uint8Array]> {
  const seen = new Set<string>();
  for (const change of WRONG_FIELDS[name] ?? []) {
    const [field = ''] = Object.keys(change);
    if (seen.has(field)) continue;
    seen.add(field);
    yield [`a wrong “${field}”`, encode({ ...goodMap(name), ...change })];
  }
}

/** A map that is right, for the cases to change. */
export function goodMap(name: Name): Record<string, unknown> {
  const status = { status: 'pending', hostname: 'pc', roles: ['printer'] };
  const maps: Partial<Record<Name, Record<string, unknown>>> = {
    Hello: { agent: 'test/1', lanes: 4, instance: 'run 1', remembersJobs: true },
    Welcome: { ...status, hub: 'h', epoch: 'e', session: 's', fingerprint: 'qc1a', shortCode: 'K7QM-2XPD' },
    Status: status,
    GoAway: { code: 0x44, reason: 'restart', spreadMs: 100 },
    CallFailed: { code: 3, reason: '' },
    Provide: { device: 'zebra-1', serviceTypes: ['print'] },
    Provided: { permitted: true },
    Withdraw: { device: 'zebra-1' },
    Query: { serviceType: 'print', machine: 'pc' },
    QueryResult: {
      providers: [PROVIDER],
      last: true,
    },
    Renewed: { chain: [new Uint8Array(9)] },
    Trust: { roots: [new Uint8Array(9)], renewWithinMs: 1_000 },
    TrustHeld: { trust: 'id', serial: '0a' },
    Credit: { requests: 100, forMs: 1_000 },
    Watch: { serviceType: 'print', machine: 'kiosk-*' },
    WatchSnapshot: { version: 0, cause: 'begun', providers: [PROVIDER], last: true },
    WatchChanges: { version: 1, changes: [{ ...CHANGE, gone: 0x40 }] },
  };
  return maps[name] ?? {};
}
