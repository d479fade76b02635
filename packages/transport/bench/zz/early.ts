// @ts-nocheck
import { quiche } from '@matrixai/quic/native/index.js';
import { randomBytes } from 'node:crypto';
import { createAuthority } from '../../test/pki.ts';
import { nativeConfig } from '../../src/quic/native-config.ts';
import { connectionLimits } from '../../src/quic/options.ts';
const authority = await createAuthority('r');
const server = await authority.issue({ ips: ['127.0.0.1'] });
const client = await authority.issue({ name: 'm' });
const mk = (tls: any, early: boolean) => {
  const c = nativeConfig({
    tls,
    alpns: ['bench'],
    limits: connectionLimits({}),
    verifyPeer: true,
    payloadBytes: 16383,
  });
  c.setTicketKey(new Uint8Array(48).fill(3));
  if (early) c.enableEarlyData();
  return c;
};
const S = mk(server, true),
  S2 = mk(server, true),
  C = mk(client, true);
S2.setTicketKey(new Uint8Array(48).fill(9));
const a = Object.freeze({ host: '127.0.0.1', port: 1 }),
  b = Object.freeze({ host: '127.0.0.1', port: 2 });
const out = Buffer.alloc(16383);
function shake(S: any, session?: Uint8Array, early = false) {
  const c = quiche.Connection.connect(undefined, randomBytes(8), a, b, C);
  if (session) c.setSession(session);
  if (early) {
    c.streamPriority(0, 3, true);
    console.log('streamSend before first send', c.streamSend(0, Buffer.from('hello'), false));
  }
  let s: any;
  for (let round = 0; round < 12; round++) {
    let moved = false;
    for (;;) {
      const p = c.send(out);
      if (!p) break;
      moved = true;
      const d = Buffer.from(out.subarray(0, p[0]));
      if (early) console.log('c->s', d.length, 'client early', c.isInEarlyData(), 'first', d[0].toString(16));
      if (!s) s = quiche.Connection.accept(randomBytes(8), null, b, a, S);
      s.recv(d, { from: a, to: b });
      if (early)
        console.log(
          '  server est',
          s.isEstablished(),
          'early',
          s.isInEarlyData(),
          'readable',
          s.isReadable(),
          [...s.readable()],
          'resumed',
          s.isResumed(),
          'certs',
          s.peerCertChain()?.length,
          'alpn',
          Buffer.from(s.applicationProto()).toString(),
        );
      if (early && s.isReadable()) {
        const r = new Uint8Array(100);
        const [n] = s.streamRecv(0, r);
        console.log('   got', Buffer.from(r.subarray(0, n)).toString());
        s.streamSend(0, Buffer.from('welcome'), false);
      }
    }
    if (s)
      for (;;) {
        const p = s.send(out);
        if (!p) break;
        moved = true;
        const d = Buffer.from(out.subarray(0, p[0]));
        c.recv(d, { from: b, to: a });
        if (early) {
          console.log(
            's->c',
            d.length,
            'client est',
            c.isEstablished(),
            'readable',
            c.isReadable(),
            'resumed',
            c.isResumed(),
          );
          if (c.isReadable()) {
            const r = new Uint8Array(100);
            const [n] = c.streamRecv(0, r);
            console.log('   client got', Buffer.from(r.subarray(0, n)).toString());
          }
        }
      }
    if (!moved) {
      const ct = c.timeout();
      console.log('stalled', c.isEstablished(), s.isEstablished(), ct);
      if (s.isEstablished() && c.isEstablished()) break;
    }
  }
  return { c, s };
}
const { c } = shake(S);
const session = c.session()!;
console.log('=== accepted');
shake(S, session, true);
console.log('=== refused');
const r = shake(S2, session, true);
await new Promise((f) => setTimeout(f, 300));
for (let i = 0; i < 6; i++) {
  for (const [x, y, f, t] of [
    [r.c, r.s, a, b],
    [r.s, r.c, b, a],
  ] as any) {
    if ((x.timeout() ?? 1) <= 0) x.onTimeout();
    for (;;) {
      const p = x.send(out);
      if (!p) break;
      y.recv(Buffer.from(out.subarray(0, p[0])), { from: f, to: t });
    }
  }
  console.log('server readable after', r.s.isReadable(), r.c.timeout(), r.c.stats().lost);
}
