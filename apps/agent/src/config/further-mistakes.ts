import path from 'node:path';
import { isQconnError, parseAddress } from '@qconn/protocol';
import type { Finding } from '@qconn/startup';
import type { AgentConfig, DeviceConfig, OutboxConfig } from './agent-config.ts';

/** What a JSON Schema cannot say about a configuration. */
export function furtherMistakes(config: AgentConfig): Finding[] {
  const { devices, outboxes } = config;
  return [
    ...twoPassphrases(config),
    ...devices.flatMap((device, index) => [...takenName(devices, index), ...adapterMistakes(device, index)]),
    ...outboxes.flatMap((_outbox, index) => outboxMistakes(outboxes, index)),
  ];
}

function twoPassphrases({ credentialsPassphrase, credentialsPassphraseFile }: AgentConfig): Finding[] {
  if (credentialsPassphrase === undefined || credentialsPassphraseFile === undefined) return [];
  const message = 'is given together with credentialsPassphrase; only one can hold';
  return [{ path: ['credentialsPassphraseFile'], message }];
}

function outboxMistakes(outboxes: readonly OutboxConfig[], index: number): Finding[] {
  const { folder, to } = outboxes[index] as OutboxConfig;
  const first = outboxes.findIndex((outbox) => path.normalize(outbox.folder) === path.normalize(folder));
  const mistakes = addressMistakes(to, ['outboxes', index, 'to']);
  if (first === index) return mistakes;
  return [
    ...mistakes,
    { path: ['outboxes', index, 'folder'], message: `is that of outboxes[${first}] already: ${folder}` },
  ];
}

function addressMistakes(to: string, place: Finding['path']): Finding[] {
  try {
    parseAddress(to);
    return [];
  } catch (error) {
    if (!isQconnError(error, 'bad_address')) throw error;
    return [{ path: place, message: `is no address: ${error.message}` }];
  }
}

function takenName(devices: readonly DeviceConfig[], index: number): Finding[] {
  const name = devices[index]?.name;
  const first = devices.findIndex((device) => device.name === name);
  if (first === index) return [];
  return [{ path: ['devices', index, 'name'], message: `is that of devices[${first}] already: ${name}` }];
}

function adapterMistakes({ adapter }: DeviceConfig, index: number): Finding[] {
  const place = ['devices', index, 'adapter'];
  if (adapter.type === 'tcp' && adapter.readBack && adapter.doneWhen === 'sent') {
    const message = 'needs doneWhen: closed, for an answer ends when the device closes';
    return [{ path: [...place, 'readBack'], message }];
  }
  if (adapter.type === 'http' && !URL.canParse(adapter.url)) {
    return [{ path: [...place, 'url'], message: 'is not a URL' }];
  }
  return [];
}
