import { connect } from 'node:net';
import { systemClock } from '@qconn/clock';
import type { RunningStatus } from './agent-status.ts';

/** Longest wait for an agent's answer, in milliseconds: it is on this machine and answers from memory. */
const ANSWER_DEADLINE_MS = 3_000;

/** Most characters of an answer: 256 devices with 32 service types of 128 bytes are a megabyte. */
const ANSWER_MAX_CHARACTERS: number = 4 * 1024 * 1024;

/**
 * Asks a running agent for its status. Whatever answers, even if it says nothing of use, counts as running.
 * @returns `undefined` when nobody listens there; `'silent'` when whoever listens does not answer
 */
export function askStatus(socketPath: string): Promise<RunningStatus | 'silent' | undefined> {
  return new Promise((resolve) => {
    let text = '';
    let connected = false;
    const socket = connect(socketPath);
    const settle = (answer: RunningStatus | 'silent' | undefined): void => {
      timer.cancel();
      socket.removeAllListeners().on('error', () => {});
      socket.destroy();
      resolve(answer);
    };
    const timer = systemClock.setTimer(ANSWER_DEADLINE_MS, () => settle('silent'));
    socket.setEncoding('utf8');
    socket.once('connect', () => (connected = true));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > ANSWER_MAX_CHARACTERS) settle('silent');
    });
    socket.once('end', () => settle(parseStatus(text)));
    socket.once('error', () => settle(connected ? 'silent' : undefined));
  });
}

function parseStatus(text: string): RunningStatus | 'silent' {
  try {
    const value = JSON.parse(text) as RunningStatus | null;
    return value?.running === true ? value : 'silent';
  } catch {
    return 'silent';
  }
}
