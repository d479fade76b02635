export { loadHubConfig, type HubConfig } from './config/hub-config.ts';
export { HUB_CONFIG_SCHEMA } from './config/hub-schema.ts';
export { Hub, type HubDependencies } from './hub.ts';
export { initialise, openHubAuthority, openHubStore, type NewHub } from './initialise.ts';
