import { createServer, type AddressInfo } from 'node:net';

/** Listens with the smallest backlog, says where, and stops itself before it accepts anything. */
const server = createServer();
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
  process.kill(process.pid, 'SIGSTOP');
});
