import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { trace, type Tracer } from '@opentelemetry/api';
import { QconnError } from '@qconn/protocol';
import type { HubConfig } from './config/hub-config.ts';
import { VERSION } from './version.ts';

/**
 * Loads the module that sets up OpenTelemetry in this process.
 * @returns the tracer for exchanges; undefined when none is configured
 * @throws QconnError `config_invalid` when the module cannot be loaded
 */
export async function loadTracer({ tracing: { module } }: Pick<HubConfig, 'tracing'>): Promise<Tracer | undefined> {
  if (module === undefined) return undefined;
  const isFile = isAbsolute(module) || module.startsWith('.');
  try {
    await import(isFile ? pathToFileURL(resolve(module)).href : module);
  } catch (cause) {
    throw new QconnError('config_invalid', `tracing.module: ${module} cannot be loaded.`, { cause });
  }
  return trace.getTracer('@qconn/hub', VERSION);
}
