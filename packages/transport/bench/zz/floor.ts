// @ts-nocheck
import { quiche } from '@matrixai/quic/native/index.js';
import { randomBytes } from 'node:crypto';
import { createAuthority } from '../../test/pki.ts';
import { nativeConfig } from '../../src/quic/native-config.ts';
import { connectionLimits } from '../../src/quic/options.ts';
const authority = await createAuthority('r');
const server = await authority.issue({ ips: ['127.0.0.1'] });
const client = await authority.issue({ name: 'm' });
const mk = (tls: any, lim = {}) =>
  nativeConfig({ tls, alpns: ['bench'], limits: connectionLimits(lim), verifyPeer: true, payloadBytes: 16383 });
const S = mk(server),
  C = mk(client);
const a = Object.freeze({ host: '127.0.0.1', port: 1 }),
  b = Object.freeze({ host: '127.0.0.1', port: 2 });
const out = Buffer.alloc(16383);
let ts = 0,
  tc = 0,
  calls: Record<string, number> = {},
  grams = 0;
const timed = <T>(who: 's' | 'c', name: string, f: () => T): T => {
  const t = performance.now();
  const r = f();
  const d = performance.now() - t;
  if (who === 's') ts += d;
  else tc += d;
  const k = who + '.' + name;
  calls[k] = (calls[k] ?? 0) + d;
  return r;
};
function shake(session?: Uint8Array) {
  const c = timed('c', 'connect', () => quiche.Connection.connect(undefined, randomBytes(8), a, b, C));
  if (session) c.setSession(session);
  let s: any;
  for (let round = 0; round < 12; round++) {
    let moved = false;
    for (;;) {
      const p = timed('c', 'send', () => c.send(out));
      if (!p) break;
      moved = true;
      grams++;
      const d = Buffer.from(out.subarray(0, p[0]));
      if (!s) s = timed('s', 'accept', () => quiche.Connection.accept(randomBytes(8), null, b, a, S));
      timed('s', 'recv', () => s.recv(d, { from: a, to: b }));
    }
    if (s)
      for (;;) {
        const p = timed('s', 'send', () => s.send(out));
        if (!p) break;
        moved = true;
        grams++;
        const d = Buffer.from(out.subarray(0, p[0]));
        timed('c', 'recv', () => c.recv(d, { from: b, to: a }));
      }
    if (!moved && s.isEstablished() && c.isEstablished()) break;
  }
  if (!s.isEstablished()) throw new Error('no');
  return { c, s };
}
const { c } = shake();
const session = c.session()!;
console.log('session bytes', session?.length);
for (const [name, sess] of [
  ['full', undefined],
  ['resumed', session],
] as const) {
  for (let i = 0; i < 200; i++) shake(sess);
  ts = tc = grams = 0;
  calls = {};
  const N = 2000;
  const t0 = performance.now();
  for (let i = 0; i < N; i++) shake(sess);
  console.log(
    name,
    'server us',
    ((ts / N) * 1000).toFixed(0),
    'client us',
    ((tc / N) * 1000).toFixed(0),
    'all',
    (((performance.now() - t0) / N) * 1000).toFixed(0),
    'datagrams',
    grams / N,
    Object.fromEntries(Object.entries(calls).map(([k, v]) => [k, Math.round((v / N) * 1000)])),
  );
}
