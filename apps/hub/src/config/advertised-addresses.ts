import type { HubConfig } from './hub-config.ts';

/** The addresses of the setting `advertise`, `host:port` or `[address]:port`, as machines are given them. An IPv6 address loses its brackets. */
export function advertisedAddresses({ advertise }: Pick<HubConfig, 'advertise'>): { host: string; port: number }[] {
  return advertise.map((text) => {
    const at = text.lastIndexOf(':');
    return { host: text.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(at + 1)) };
  });
}
