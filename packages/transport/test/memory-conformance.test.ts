import { createMemoryNetwork } from '@qconn/transport';
import { describeTransport } from './conformance.ts';

const network = createMemoryNetwork();
const certificates = [Uint8Array.of(0x30, 0)];

describeTransport('memory', {
  serve: async (options) => network.createEndpoint({ certificates, ...options }),
  client: async () => network.createEndpoint({ certificates }),
  target: ({ address }) => ({
    address,
    serverName: 'hub',
    alpns: ['qconn/1'],
    tls: { keyPem: '', chainPem: [], trustPem: [] },
  }),
});
