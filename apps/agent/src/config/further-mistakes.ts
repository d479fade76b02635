import type { AgentConfig, DeviceConfig } from './agent-config.ts';

/** What a JSON Schema cannot say about a configuration: `devices[1].name is taken …`. */
export function furtherMistakes({ devices }: AgentConfig): string[] {
  return devices.flatMap((device, index) => [
    ...takenName(devices, index),
    ...adapterMistakes(device).map((mistake) => `devices[${index}].adapter.${mistake}`),
  ]);
}

function takenName(devices: readonly DeviceConfig[], index: number): string[] {
  const first = devices.findIndex(({ name }) => name === devices[index]?.name);
  return first === index
    ? []
    : [`devices[${index}].name is that of devices[${first}] already: ${devices[index]?.name}`];
}

function adapterMistakes({ adapter }: DeviceConfig): string[] {
  if (adapter.type === 'tcp' && adapter.readBack && adapter.doneWhen === 'sent') {
    return ['readBack needs doneWhen: closed, for an answer ends when the device closes'];
  }
  if (adapter.type === 'http' && !URL.canParse(adapter.url)) return ['url is not a URL'];
  return [];
}
