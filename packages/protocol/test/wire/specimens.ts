import fc from 'fast-check';
import {
  decodeCallFailed,
  decodeCancel,
  decodeCredit,
  decodeDeliver,
  decodeExtend,
  decodeGoAway,
  decodeHello,
  decodeFinalOutcome,
  decodeProgress,
  decodeProvide,
  decodeProvided,
  decodeQuery,
  decodeQueryResult,
  decodeRenew,
  decodeRenewed,
  decodeRequest,
  decodeRequestAll,
  decodeFinalResponse,
  decodeStages,
  decodeStatus,
  decodeTargets,
  decodeTrust,
  decodeTrustHeld,
  decodeUnwatch,
  decodeWatch,
  decodeWatchChanges,
  decodeWatchSnapshot,
  decodeWelcome,
  decodeWithdraw,
  decodeWithdrawn,
  encodeAck,
  encodeCallFailed,
  encodeCancel,
  encodeCredit,
  encodeDeliver,
  encodeExtend,
  encodeGoAway,
  encodeHello,
  encodeOutcome,
  encodeProgress,
  encodeProvide,
  encodeProvided,
  encodeQuery,
  encodeQueryResult,
  encodeRenew,
  encodeRenewed,
  encodeRequest,
  encodeRequestAll,
  encodeResponse,
  encodeStages,
  encodeStatus,
  encodeTargets,
  encodeTrust,
  encodeTrustHeld,
  encodeUnwatch,
  encodeWatch,
  encodeWatchChanges,
  encodeWatchSnapshot,
  encodeWelcome,
  encodeWithdraw,
  encodeWithdrawn,
  FrameReader,
  FrameType,
  PackedWriter,
  stageSetOf,
  type Frame,
  type PassedStages,
} from '@qconn/protocol';
import * as any from './arbitraries.ts';

/** One frame type with values for it, its writer and its reader. */
export interface Specimen {
  readonly name: keyof typeof FrameType;
  readonly message: fc.Arbitrary<unknown>;
  readonly encode: (writer: PackedWriter, id: number, message: unknown) => Uint8Array;
  readonly decode: (frame: Frame) => unknown;
}

const NOTHING = new Uint8Array(0);

/** Every frame type of the registry. */
export const SPECIMENS: readonly Specimen[] = [
  of(
    'Hello',
    fc.record({
      agent: any.name,
      lanes: fc.integer({ min: 1, max: 16 }),
      instance: any.name,
      remembersJobs: fc.boolean(),
      trust: any.optional(any.name),
    }),
    (w, _id, m) => encodeHello(w, m),
    decodeHello,
  ),
  of(
    'Welcome',
    fc
      .record({ hub: any.name, epoch: any.name, session: any.name, fingerprint: any.name, shortCode: any.name })
      .chain((names) => any.status.map((status) => ({ ...status, ...names }))),
    (w, _id, m) => encodeWelcome(w, m),
    decodeWelcome,
  ),
  of('Status', any.status, (w, _id, m) => encodeStatus(w, m), decodeStatus),
  of(
    'GoAway',
    fc.record({ code: any.errorCode, reason: any.reason, spreadMs: any.durationMs }),
    (w, _id, m) => encodeGoAway(w, m),
    decodeGoAway,
  ),
  of('CallFailed', fc.record({ code: any.errorCode, reason: any.reason }), encodeCallFailed, decodeCallFailed),
  of(
    'Provide',
    fc.record({ device: any.device, serviceTypes: fc.array(any.serviceType, { minLength: 1, maxLength: 32 }) }),
    encodeProvide,
    decodeProvide,
  ),
  of('Provided', fc.boolean(), encodeProvided, (frame) => decodeProvided(frame).permitted),
  of('Withdraw', any.device, encodeWithdraw, (frame) => decodeWithdraw(frame).device),
  of('Withdrawn', fc.constant(undefined), (w, id) => encodeWithdrawn(w, id), decodeWithdrawn),
  of(
    'Query',
    fc.record({
      serviceType: any.optional(any.serviceType),
      machine: any.optional(any.machinePattern),
      state: any.optional(fc.constantFrom('online' as const, 'offline' as const, 'any' as const)),
    }),
    encodeQuery,
    decodeQuery,
  ),
  of('QueryResult', fc.record({ providers: any.providers, last: fc.boolean() }), encodeQueryResult, decodeQueryResult),
  of(
    'Watch',
    fc.record({ serviceType: any.optional(any.serviceType), machine: any.optional(any.machinePattern) }),
    encodeWatch,
    decodeWatch,
  ),
  of(
    'WatchSnapshot',
    fc.record({
      version: any.id,
      cause: fc.constantFrom('begun' as const, 'behind' as const),
      providers: any.providers,
      last: fc.boolean(),
    }),
    encodeWatchSnapshot,
    decodeWatchSnapshot,
  ),
  of(
    'WatchChanges',
    fc.record({ version: any.id, changes: any.presenceChanges }),
    encodeWatchChanges,
    decodeWatchChanges,
  ),
  of('Unwatch', fc.constant(undefined), (w, id) => encodeUnwatch(w, id), decodeUnwatch),
  of('Renew', fc.uint8Array({ minLength: 1, maxLength: 4_096 }), encodeRenew, (frame) => decodeRenew(frame).csr),
  of('Renewed', fc.record({ chain: any.certificates }), encodeRenewed, decodeRenewed),
  of(
    'Trust',
    fc.record({ roots: any.roots, renewWithinMs: any.optional(any.durationMs) }),
    (w, _id, m) => encodeTrust(w, m),
    decodeTrust,
  ),
  of(
    'TrustHeld',
    fc.record({ trust: any.name, serial: any.name }),
    (w, _id, m) => encodeTrustHeld(w, m),
    decodeTrustHeld,
  ),
  of(
    'Credit',
    fc.record({ requests: fc.integer({ min: 1, max: 1_024 }), forMs: any.durationMs }),
    (w, _id, m) => encodeCredit(w, m),
    decodeCredit,
  ),
  of(
    'Request',
    fc
      .record({
        address: any.address,
        resolutionMs: any.durationMs,
        jobMs: any.durationMs,
        ...any.keyAndInquiry,
        stickyKey: any.idempotencyKey,
        waitForTarget: fc.boolean(),
        headers: any.headerBlock,
        content: any.content,
      })
      .map(any.spread)
      .filter(any.inquiresAfterKey),
    encodeRequest,
    decodeRequest,
  ),
  of(
    'Deliver',
    fc
      .record({
        from: fc.record({ fingerprint: any.machine, hostname: any.optional(any.machine) }),
        serviceType: any.serviceType,
        device: any.device,
        jobMs: any.durationMs,
        ...any.keyAndInquiry,
        redelivered: fc.boolean(),
        headers: any.headerBlock,
        content: any.content,
      })
      .map(any.spread)
      .filter(any.inquiresAfterKey),
    encodeDeliver,
    decodeDeliver,
  ),
  of(
    'Ack',
    fc.constant(undefined),
    (w, id) => encodeAck(w, id),
    () => undefined,
  ),
  of(
    'Response',
    fc.record({ headers: any.headerBlock, content: any.content, stages: any.optional(any.stages) }).map(any.spread),
    (w, id, { stages, ...m }) => encodeResponse(w, id, m, stages && stageSetOf(stages)),
    (frame) => reported(decodeFinalResponse(frame)),
  ),
  of('Progress', fc.record({ body: any.body, json: fc.boolean() }), encodeProgress, decodeProgress),
  of('Extend', any.durationMs, encodeExtend, decodeExtend),
  of(
    'Outcome',
    fc.record({
      code: any.errorCode,
      reason: any.reason,
      retryAfterMs: fc.nat(0xffff_ffff),
      stages: any.optional(any.stages),
    }),
    (w, id, { stages, ...m }) => encodeOutcome(w, id, m, stages && stageSetOf(stages)),
    (frame) => reported(decodeFinalOutcome(frame)),
  ),
  of(
    'Stages',
    any.stages,
    (w, id, m) => encodeStages(w, id, stageSetOf(m)),
    (frame) => decodeStages(frame).reports,
  ),
  of('Cancel', any.errorCode, encodeCancel, decodeCancel),
  of(
    'RequestAll',
    fc.record({
      address: any.address,
      resolutionMs: any.durationMs,
      jobMs: any.durationMs,
      idempotencyKey: any.idempotencyKey,
      stickyKey: any.idempotencyKey,
      headers: any.headerBlock,
      limit: fc.integer({ min: 1, max: 256 }),
      body: any.body,
    }),
    encodeRequestAll,
    decodeRequestAll,
  ),
  of(
    'Targets',
    fc.record({ count: fc.integer({ min: 1, max: 256 }), more: fc.boolean() }),
    encodeTargets,
    decodeTargets,
  ),
];

/** The specimen of a type. */
export function specimen(name: keyof typeof FrameType): Specimen {
  return SPECIMENS.find((one) => one.name === name) as Specimen;
}

/** One frame of each type, the same in every run. */
export function samples(): { readonly specimen: Specimen; readonly bytes: Uint8Array; readonly frame: Frame }[] {
  return SPECIMENS.map((one) => {
    const [message] = fc.sample(one.message, { numRuns: 1, seed: 7 });
    const bytes = one.encode(new PackedWriter(), 5, message);
    return { specimen: one, bytes, frame: frameOf(bytes) };
  });
}

/** Cuts bytes that hold exactly one frame. */
export function frameOf(bytes: Uint8Array): Frame {
  const frames: Frame[] = [];
  new FrameReader((frame) => frames.push(frame)).push(bytes);
  if (frames.length !== 1) throw new Error(`${frames.length} frames instead of one`);
  return frames[0] as Frame;
}

/** A frame as a reader would hand it on, with nothing checked. */
export function frameWith(name: keyof typeof FrameType, control: Uint8Array, body: Uint8Array = NOTHING): Frame {
  return { type: FrameType[name], flags: 0, id: 5, control, body };
}

function reported(message: { readonly stages: PassedStages | undefined }): object {
  return { ...message, stages: message.stages?.reports };
}

function of<M>(
  name: keyof typeof FrameType,
  message: fc.Arbitrary<M>,
  encode: (writer: PackedWriter, id: number, message: M) => Uint8Array,
  decode: (frame: Frame) => unknown,
): Specimen {
  return { name, message, encode: encode as Specimen['encode'], decode };
}
