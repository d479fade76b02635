import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Where Linux says which ports it gives to whoever asks for any. Other systems begin above Linux's default. */
const GIVEN_OUT = '/proc/sys/net/ipv4/ip_local_port_range';
const GIVEN_OUT_FROM = 32_768;

/** Below are ports by which other programs go. */
const FIRST = 12_000;

/** Ports of one process: those of processes that run at the same time, and so have ids near each other, are others. */
const PER_PROCESS = 32;

let taken = 0;

/**
 * A port of 127.0.0.1, for UDP and TCP, that is still there for a server that starts again: the system gives it to nobody of itself,
 * as it may give a port that was found free by asking for any.
 */
export async function lastingPort(): Promise<number> {
  const processes = Math.floor((endOfRange() - FIRST) / PER_PROCESS);
  const first = FIRST + (process.pid % processes) * PER_PROCESS;
  // Two processes of the same ports, whose ids are far apart, begin elsewhere among them: one could take what the other lets go for a moment.
  const begin = Math.floor(process.pid / processes);
  for (let looked = 0; looked < PER_PROCESS; looked += 1) {
    const port = first + ((begin + taken++) % PER_PROCESS);
    if ((await isFree(port, 'udp')) && (await isFree(port, 'tcp'))) return port;
  }
  throw new Error(`The ports from ${first} to ${first + PER_PROCESS - 1} are all in use.`);
}

function endOfRange(): number {
  const from = process.platform === 'linux' ? Number(readFileSync(GIVEN_OUT, 'utf8').split(/\s/)[0]) : GIVEN_OUT_FROM;
  // Where all ports are given out there are none that last: those of the default are as good as any.
  return from >= FIRST + PER_PROCESS ? from : GIVEN_OUT_FROM;
}

function isFree(port: number, protocol: 'udp' | 'tcp'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = protocol === 'udp' ? createSocket('udp4') : createServer();
    socket.once('error', () => resolve(false));
    socket.once('listening', () => socket.close(() => resolve(true)));
    if ('listen' in socket) socket.listen(port, '127.0.0.1');
    else socket.bind(port, '127.0.0.1');
  });
}
