/**
 * The registry of frame types of qconn/1. A number is never reused: a frame type that goes away is
 * marked as retired and keeps its row.
 */
export const FrameType = {
  // Session: control section is one CBOR map
  /** client → hub, first frame of lane 0. */
  Hello: 0x01,
  /** hub → client, answer to Hello: who the hub says the client is. */
  Welcome: 0x02,
  /** hub → client: status, hostname or roles' generation of the machine have changed. */
  Status: 0x03,
  /** hub → client: connect elsewhere or later. */
  GoAway: 0x04,
  /** hub → client: a call (same id) was refused. */
  CallFailed: 0x05,

  // Calls: the header's id pairs the answer with the call
  /** client → hub: provide a device, or replace what it provides. */
  Provide: 0x08,
  /** hub → client: the device is registered. */
  Provided: 0x09,
  /** client → hub: stop providing a device. */
  Withdraw: 0x0a,
  /** hub → client: the device is gone. */
  Withdrawn: 0x0b,
  /** client → hub: which devices are there? */
  Query: 0x10,
  /** hub → client: some of them; more follow unless it says that it is the last. */
  QueryResult: 0x11,
  /** client → hub: renew the credential; the body is a PKCS#10 request in DER. */
  Renew: 0x18,
  /** hub → client: the new chain and trust bundle. */
  Renewed: 0x19,

  // Exchanges: control section is packed binary, the body is the message's
  /** sender → hub. */
  Request: 0x20,
  /** hub → provider: the request with its origin. */
  Deliver: 0x21,
  /** provider → hub: received, about to run. */
  Ack: 0x22,
  /** provider → hub → sender: the result. */
  Response: 0x23,
  /** provider → hub → sender: a sign of progress. */
  Progress: 0x24,
  /** provider → hub: more time is needed. */
  Extend: 0x25,
  /** provider → hub → sender: the exchange ended without a result, and why. */
  Outcome: 0x26,
  /** hub → sender: stages that the exchange has passed. */
  Stages: 0x27,
  /** sender → hub → provider: stop. */
  Cancel: 0x28,
} as const;

/** A number of the registry. */
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

const names: ReadonlyMap<number, string> = new Map(Object.entries(FrameType).map(([name, number]) => [number, name]));

/** The name of a frame type, or `undefined` for a number that is not in the registry. */
export function frameTypeName(type: number): string | undefined {
  return names.get(type);
}
