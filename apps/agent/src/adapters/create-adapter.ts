import type { Adapter, AdapterDependencies } from './adapter.ts';
import { ExecAdapter, type ExecSettings } from './exec.ts';
import { FileAdapter, type FileSettings } from './file.ts';
import { HttpAdapter, type HttpSettings } from './http.ts';
import { TcpAdapter, type TcpSettings } from './tcp.ts';

export type AdapterSettings = TcpSettings | ExecSettings | HttpSettings | FileSettings;

/** The adapter that the settings describe. Touches nothing yet: what it reaches may come later than the agent. */
export function createAdapter(settings: AdapterSettings, dependencies: AdapterDependencies): Adapter {
  switch (settings.type) {
    case 'tcp':
      return new TcpAdapter(settings, dependencies);
    case 'exec':
      return new ExecAdapter(settings, dependencies);
    case 'http':
      return new HttpAdapter(settings, dependencies);
    case 'file':
      return new FileAdapter(settings, dependencies);
  }
}
