/**
 * The registry of frame types of qconn/1. A number is never reused: a frame type that goes away is
 * marked as retired and keeps its row.
 */
export const FrameType = {
  // Session: control section is one CBOR map
  /** First frame of lane 0. */
  Hello: 0x01,
  /** Answer to Hello: who the hub says the client is. */
  Welcome: 0x02,
  /** Status, hostname or roles' generation of the machine have changed. */
  Status: 0x03,
  /** Connect elsewhere or later. */
  GoAway: 0x04,
  /** A call (same id) was refused. */
  CallFailed: 0x05,

  // Calls: the header's id pairs the answer with the call
  /** Provide a device, or replace what it provides. */
  Provide: 0x08,
  /** The device is registered. */
  Provided: 0x09,
  /** Stop providing a device. */
  Withdraw: 0x0a,
  /** The device is gone. */
  Withdrawn: 0x0b,
  /** Which devices are there? */
  Query: 0x10,
  /** Some of them; more follow unless it says that it is the last. */
  QueryResult: 0x11,
  /** Tell me which devices there are, and whenever that changes. */
  Watch: 0x12,
  /** All devices that the watcher may see now, in several frames; what it knew before is void. */
  WatchSnapshot: 0x13,
  /** What has changed since the frame before, in order. */
  WatchChanges: 0x14,
  /** No more of it. */
  Unwatch: 0x15,
  /** Renew the credential; the body is a PKCS#10 request in DER. */
  Renew: 0x18,
  /** The new chain. */
  Renewed: 0x19,

  // Session, going on: control section is one CBOR map
  /** The roots to trust from now on. */
  Trust: 0x1a,
  /** The machine has it on disk. */
  TrustHeld: 0x1b,
  /** How many requests may wait for the hub's first word, while it has more to do than it gets done. */
  Credit: 0x1c,

  // Exchanges: control section is packed binary, the body is the message's
  /** Sender → hub: what is to be done, where, and by when. */
  Request: 0x20,
  /** Hub → provider: the request with its origin. */
  Deliver: 0x21,
  /** Provider → hub: received, about to run. */
  Ack: 0x22,
  /** Provider → hub → sender: the result. */
  Response: 0x23,
  /** Provider → hub → sender: a sign of progress. */
  Progress: 0x24,
  /** Provider → hub: more time is needed. */
  Extend: 0x25,
  /** Provider → hub → sender: the exchange ended without a result, and why. */
  Outcome: 0x26,
  /** Hub → sender: stages that the exchange has passed. */
  Stages: 0x27,
  /** Sender → hub → provider: stop. */
  Cancel: 0x28,
  /** Sender → hub: a request to every permitted provider that is live; each gets an exchange of its own. */
  RequestAll: 0x2c,
  /** Hub → sender: how many exchanges a RequestAll frame (same id) became. */
  Targets: 0x2d,
} as const;

/** A number of the registry. */
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

const names: ReadonlyMap<number, string> = new Map(Object.entries(FrameType).map(([name, number]) => [number, name]));

/** The name of a frame type, or `undefined` for a number that is not in the registry. */
export function frameTypeName(type: number): string | undefined {
  return names.get(type);
}
