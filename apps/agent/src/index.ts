export type { Adapter, AdapterDependencies } from './adapters/adapter.ts';
export { createAdapter, type AdapterSettings } from './adapters/create-adapter.ts';
