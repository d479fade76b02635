import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import type { AdapterSettings } from '../adapters/create-adapter.ts';
import type { DeviceConfig } from '../config/agent-config.ts';
import { failure, ok, type Finding } from './finding.ts';

/** Longest wait for a connection, in milliseconds. */
const CONNECT_MS = 3_000;

/** Whether what a device's adapter works with is there. Nothing is printed, run or written. */
export async function checkAdapter({ name, adapter }: DeviceConfig): Promise<Finding> {
  const check = `device ${name}`;
  try {
    return ok(check, await reach(adapter));
  } catch (error) {
    return failure(check, error instanceof Error ? error.message : String(error), ACTIONS[adapter.type]);
  }
}

const ACTIONS: Readonly<Record<AdapterSettings['type'], string>> = {
  tcp: 'Check that the device is on, its address, and that nobody else holds its only connection.',
  http: 'Start the service, or correct url.',
  exec: 'Install the program or correct argv; the agent’s user must be allowed to execute it.',
  file: 'Make the folder and let the agent’s user write there.',
};

async function reach(settings: AdapterSettings): Promise<string> {
  switch (settings.type) {
    case 'tcp':
      await dial(settings.host, settings.port);
      return `tcp ${settings.host}:${settings.port} takes connections`;
    case 'http': {
      const url = new URL(settings.url);
      await dial(url.hostname.replaceAll(/^\[|\]$/g, ''), Number(url.port || (url.protocol === 'https:' ? 443 : 80)));
      return `${url.host} takes connections`;
    }
    case 'exec':
      return `${await findProgram(settings.argv[0] ?? '', settings.folder)} can be executed`;
    case 'file':
      if (!(await stat(settings.folder)).isDirectory()) throw new Error(`${settings.folder} is no folder`);
      await access(settings.folder, constants.W_OK | constants.X_OK);
      return `${settings.folder} can be written`;
  }
}

function dial(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: CONNECT_MS });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error(`${host}:${port} does not answer`)));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const refused = error.code === 'ECONNREFUSED' ? `${host}:${port} refuses the connection` : error.message;
      reject(new Error(refused));
    });
  });
}

/** As execvp(3) finds it. */
async function findProgram(program: string, folder: string | undefined): Promise<string> {
  const places = program.includes('/')
    ? [path.resolve(folder ?? '.', program)]
    : (process.env['PATH'] ?? '').split(path.delimiter).map((entry) => path.join(entry, program));
  for (const place of places) {
    const found = await stat(place).catch(() => undefined);
    if (found?.isFile() !== true) continue;
    await access(place, constants.X_OK).catch(() => {
      throw new Error(`${place} may not be executed by this user`);
    });
    return place;
  }
  throw new Error(`there is no program ${program}`);
}
