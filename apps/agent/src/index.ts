export type { Adapter, AdapterDependencies } from './adapters/adapter.ts';
export { createAdapter, type AdapterSettings } from './adapters/create-adapter.ts';
export type { AgentConfig, DeviceConfig, Needed } from './config/agent-config.ts';
export { agentSchema } from './config/agent-schema.ts';
export type { AgentStatus, RunningStatus, StoppedStatus } from './control/agent-status.ts';
