export {
  checkAddress,
  formatAddress,
  isDeviceName,
  isHostname,
  isMachinePattern,
  isServiceType,
  machineMatches,
  isServiceTypePattern,
  parseAddress,
  type Address,
} from './address.ts';
export { ERROR_TABLE, type ErrorCode, type ErrorRow } from './error-table.ts';
export { QconnError, errorCodeOfWire, isQconnError, type ErrorDetails } from './errors.ts';
export { HUB_EXCHANGE, HUB_FAILURES, type HubAction, type HubEvent, type HubState } from './exchange/hub-exchange.ts';
export {
  PROVIDER_EXCHANGE,
  type ProviderAction,
  type ProviderEvent,
  type ProviderState,
} from './exchange/provider-exchange.ts';
export { outcomeFromProvider } from './exchange/provider-outcome.ts';
export { RequestCredit } from './exchange/request-credit.ts';
export { SENDER_EXCHANGE, type SenderAction, type SenderEvent, type SenderState } from './exchange/sender-exchange.ts';
export { transition, type StateTable, type Transition } from './exchange/transition.ts';
export { IdMap } from './id-map.ts';
export { LaneIds } from './lane-ids.ts';
export * from './limits.ts';
export {
  decodeProvide,
  decodeProvided,
  decodeWithdraw,
  decodeWithdrawn,
  encodeProvide,
  encodeProvided,
  encodeWithdraw,
  encodeWithdrawn,
  type Device,
} from './wire/call-messages.ts';
export { decodeCredit, encodeCredit, type Credit } from './wire/credit.ts';
export {
  BODY_DIGEST_BYTES,
  BODY_OPENING_BYTES,
  decodeBodyOpening,
  encodeBodyOpening,
  type BodyKind,
  type BodyOpening,
} from './wire/body-opening.ts';
export { decodeDeliver, encodeDeliver, type Deliver } from './wire/deliver.ts';
export {
  decodeRequestAll,
  decodeTargets,
  encodeRequestAll,
  encodeTargets,
  type RequestAll,
  type Targets,
} from './wire/fan-out.ts';
export { ByteCopies } from './wire/byte-copies.ts';
export { FrameReader, type FrameMemory } from './wire/frame-reader.ts';
export { frameRule, type Direction, type FrameRule } from './wire/frame-rule.ts';
export { FrameType, frameTypeName } from './wire/frame-type.ts';
export { readFrameHeader, writeFrameHeader, type Frame, type FrameHeader } from './wire/frame.ts';
export { decodeHeaders, encodeHeaders, headerIn, type Headers } from './wire/headers.ts';
export {
  decodeCancel,
  decodeExtend,
  decodeFinalResponse,
  decodeProgress,
  decodeResponse,
  encodeAck,
  encodeCancel,
  encodeExtend,
  encodeProgress,
  encodeResponse,
  type FinalResponse,
  type Progress,
  type Response,
} from './wire/job-frames.ts';
export {
  cutReason,
  decodeFinalOutcome,
  decodeOutcome,
  encodeOutcome,
  outcomeError,
  type FinalOutcome,
  type Outcome,
} from './wire/outcome.ts';
export { PackedWriter } from './wire/packed-writer.ts';
export { inFrames, type Provider, type ProviderFilter } from './wire/provider.ts';
export {
  decodeQuery,
  decodeQueryResult,
  encodeQuery,
  encodeQueryResult,
  type QueriedState,
  type Query,
  type QueryResult,
} from './wire/query-messages.ts';
export { decodeRenew, decodeRenewed, encodeRenew, encodeRenewed, type Renewed } from './wire/renewal-messages.ts';
export {
  decodeTrust,
  decodeTrustHeld,
  encodeTrust,
  encodeTrustHeld,
  type Trust,
  type TrustHeld,
} from './wire/trust-messages.ts';
export { decodeRequest, encodeRequest, type Request, type RequestFields } from './wire/request.ts';
export {
  decodeCallFailed,
  decodeGoAway,
  decodeHello,
  decodeStatus,
  decodeWelcome,
  encodeCallFailed,
  encodeGoAway,
  encodeHello,
  encodeStatus,
  encodeWelcome,
  type CallFailed,
  type GoAway,
  type Hello,
  type MachineStatus,
  type Welcome,
} from './wire/session-messages.ts';
export { STAGES, type Stage } from './wire/stage.ts';
export {
  decodeStages,
  encodeStages,
  PassedStages,
  stageBit,
  stageSetOf,
  type ResolvedTarget,
  type StageReport,
  type StageSet,
} from './wire/stages.ts';
export { laneOf, StreamType } from './wire/stream-type.ts';
export { announcesBody, type StreamedBody } from './wire/streamed-body.ts';
export {
  decodeUnwatch,
  decodeWatch,
  decodeWatchChanges,
  decodeWatchSnapshot,
  encodeUnwatch,
  encodeWatch,
  encodeWatchChanges,
  encodeWatchSnapshot,
  type PresenceChange,
  type WatchChanges,
  type WatchSnapshot,
} from './wire/watch-messages.ts';
