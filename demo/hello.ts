import { connect, enroll } from '@qconn/client';

// A program of one's own, which provides a device and sends to it; README.md says how to run it.
const [hub, token] = process.argv.slice(2);
if (hub === undefined || token === undefined) {
  console.error('Usage: npx -y pnpm@12 hello HUB TOKEN');
  process.exit(2);
}
const credentials = 'hello-credential';

// A key is made here, and the hub certifies it: the program is a machine of that hub from now on.
await enroll({ hub, token, store: credentials, agent: 'hello/1' });
const client = await connect({ credentials, agent: 'hello/1' });
await client.connected({ phase: 'online' });

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
await client.provide({ device: 'greeter', serviceTypes: ['greet'] }, ({ body }) => `Hello, ${text(body)}!`);
const reply = await client.request('greet', 'world', { onStatus: ({ stage }) => console.log(stage) });
console.log(text(reply.body));
await client.close();
