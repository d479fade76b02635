import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { lastingPort } from '@qconn/testkit';
import { expect, onTestFinished, test, vi } from 'vitest';

test('a port that lasts is none of those that the system gives to whoever asks for any, and free for UDP and TCP', async () => {
  const port = await lastingPort();
  const udp = createSocket('udp4').bind(port, '127.0.0.1');
  onTestFinished(() => void udp.close());
  const tcp = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void tcp.close());
  await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
  expect(port).toBeLessThan(32_768);
  vi.resetModules();
  const { lastingPort: anew } = await import('../src/lasting-port.ts');
  expect(await anew(), 'looked for from the beginning, while that one is in use').not.toBe(port);
});

test('each is another', async () => {
  expect(await lastingPort()).not.toBe(await lastingPort());
});
