import { systemClock } from '@qconn/clock';
import { createQuicEndpoint } from '@qconn/transport';
import { describeTransport } from './conformance.ts';
import { createAuthority } from './pki.ts';

const authority = await createAuthority();
const serverTls = await authority.issue({ name: 'hub', ips: ['127.0.0.1'] });
const clientTls = await authority.issue({ name: 'machine' });

describeTransport('quic', {
  serve: ({ handlers, ...dependencies }) =>
    createQuicEndpoint({ clock: systemClock, ...dependencies }, { host: '127.0.0.1', tls: serverTls, handlers }),
  client: () => createQuicEndpoint({ clock: systemClock }),
  target: ({ address }) => ({ address, serverName: '127.0.0.1', alpns: ['qconn/1'], tls: clientTls }),
});
