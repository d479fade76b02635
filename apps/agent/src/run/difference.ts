import { isDeepStrictEqual } from 'node:util';

/** What a new configuration means for the things that run by the one before. */
export interface Difference<Running, Config> {
  /** Configured as before: not touched. */
  readonly kept: readonly Running[];
  readonly leaving: readonly Running[];
  readonly coming: readonly Config[];
}

/** Compares what runs with what is to run. @param configOf what a running thing was configured as */
export function difference<Running, Config>(
  running: readonly Running[],
  wanted: readonly Config[],
  configOf: (running: Running) => Config,
): Difference<Running, Config> {
  const stays = (one: Running): boolean => wanted.some((config) => isDeepStrictEqual(config, configOf(one)));
  const kept = running.filter(stays);
  return {
    kept,
    leaving: running.filter((one) => !stays(one)),
    coming: wanted.filter((config) => !kept.some((one) => isDeepStrictEqual(configOf(one), config))),
  };
}
