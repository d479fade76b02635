import type { ConnectTarget, TlsIdentity } from '../endpoint.ts';
import { nativeConfig } from './native-config.ts';
import type { NativeConfig } from './native.ts';
import type { ConnectionLimits } from './options.ts';

/** Configurations of outgoing connections: reading keys and certificates takes a third of a millisecond. */
export class ClientConfigs {
  readonly #limits: ConnectionLimits;
  readonly #logKeys: boolean;
  readonly #byIdentity = new WeakMap<TlsIdentity, Map<string, NativeConfig>>();

  /** @param logKeys whether the secrets of connections may be written to files */
  constructor(limits: ConnectionLimits, logKeys: boolean) {
    this.#limits = limits;
    this.#logKeys = logKeys;
  }

  /** @throws QconnError `tls_config` */
  for({ tls, alpns }: ConnectTarget, payloadBytes: number): NativeConfig {
    const key = `${payloadBytes} ${alpns.join(' ')}`;
    const known = this.#byIdentity.get(tls) ?? new Map<string, NativeConfig>();
    this.#byIdentity.set(tls, known);
    const config =
      known.get(key) ??
      nativeConfig({
        tls,
        alpns,
        limits: this.#limits,
        verifyPeer: true,
        earlyData: true,
        logKeys: this.#logKeys,
        payloadBytes,
      });
    known.set(key, config);
    return config;
  }
}
