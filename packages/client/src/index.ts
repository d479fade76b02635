export { BodyStream } from './body/body-stream.ts';
export { contentOf, type Content } from './body/content.ts';
export { Client, type ClientDependencies, type OwnMachine } from './client.ts';
export { CLIENT_WINDOWS } from './client-windows.ts';
export { connect, type ConnectOptions } from './connect.ts';
export { enrollByHand, requestByHand, type BroughtAnswer, type EnrolmentRequest } from './enrolment/by-hand.ts';
export { enroll, type Enrolment, type EnrolOptions } from './enrolment/enroll.ts';
export { refuseEnrolled } from './enrolment/refuse-enrolled.ts';
export type { FanOutOptions, InquiryOptions, RequestOptions } from './exchange/draft.ts';
export type { JobReport } from './exchange/job-report.ts';
export { JOB_CONCURRENCY, type Answer, type Handler, type Job } from './exchange/job.ts';
export type { DeviceOptions } from './exchange/provision.ts';
export { FanOut, type FanOutSummary, type TargetResult } from './exchange/fan-out.ts';
export type { Reply } from './exchange/reply.ts';
export type { FanOutObserver, RequestObserver } from './exchange/request-observer.ts';
export { HubHttps } from './https/hub-https.ts';
export { parseHubUrl } from './https/hub-url.ts';
export { fetchPinnedTrust } from './https/pinned-trust.ts';
export type { PresenceEvent } from './presence/presence-event.ts';
export type { NameService, ServiceRecord } from './supervisor/hub-resolver.ts';
export type { Phase } from './supervisor/supervisor.ts';
export type { ClientEvent } from './supervisor/client-event.ts';
export type { ConnectedOptions } from './supervisor/uplink.ts';
// What users of the client meet and should not have to import from elsewhere.
export { CredentialStore, parseSecret } from '@qconn/identity';
export {
  QconnError,
  isQconnError,
  type Address,
  type ErrorCode,
  type Headers,
  type MachineStatus,
  type Provider,
  type ResolvedTarget,
  type ProviderFilter,
  type QueriedState,
  type Query,
  type Stage,
  type StageReport,
} from '@qconn/protocol';
