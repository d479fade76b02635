export type { DeviceChange } from './device-change.ts';
export { DevicePool } from './device-pool.ts';
export { ExchangeTable, type ExchangeRefusal } from './exchange-table.ts';
export { Exchange } from './exchange.ts';
export { FairQueue, type FairQueueLimits, type InLine } from './fair-queue.ts';
export { LineCredit, type LineCreditLaw } from './line-credit.ts';
export { LiveDevice } from './live-device.ts';
export { Quotas, type QuotaRates } from './quotas.ts';
export { favourite, hashOf, score } from './rendezvous.ts';
export {
  resolve,
  resolveAll,
  type FanOutResolution,
  type Permission,
  type Resolution,
  type ResolutionContext,
  type Unresolved,
} from './resolve.ts';
export { SessionTable } from './session-table.ts';
export { Session, type SessionStart } from './session.ts';
export { TokenBucket, type Rate } from './token-bucket.ts';
export { WatchBacklog, type WatchBatch } from './watch-backlog.ts';
