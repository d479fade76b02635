import type { Clock, Timer } from '@qconn/clock';
import { decodeCallFailed, FrameType, QconnError, type Frame } from '@qconn/protocol';

/** Takes the answers of one call. */
interface PendingCall {
  readonly frame: (frame: Frame) => boolean;
  readonly reject: (error: QconnError) => void;
  readonly deadline: Timer;
}

/** Longest wait for the answer to a call, in milliseconds: calls are answered by the hub itself. */
const CALL_DEADLINE_MS = 10_000;

/** Calls to the hub that wait for their answers: provide, withdraw, query, renew. */
export class Calls {
  readonly #clock: Clock;
  readonly #pending = new Map<number, PendingCall>();

  constructor(dependencies: { clock: Clock }) {
    this.#clock = dependencies.clock;
  }

  /**
   * Waits for the answer to a call.
   * @param take called for each answer; returns the result, or `undefined` while more is to come
   * @throws QconnError what the hub refused with; `no_answer` after 10 s; `closed` when the connection ends first
   */
  wait<T>(id: number, take: (frame: Frame) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const deadline = this.#clock.setTimer(CALL_DEADLINE_MS, () => {
        this.#pending.delete(id);
        reject(new QconnError('no_answer', `The hub did not answer within ${CALL_DEADLINE_MS / 1000} s.`));
      });
      const frame = (answer: Frame): boolean => {
        const result = take(answer);
        if (result !== undefined) resolve(result);
        return result !== undefined;
      };
      this.#pending.set(id, { frame, reject, deadline });
    });
  }

  /** Takes an answer; one that nobody waits for is ignored. */
  take(frame: Frame): void {
    const call = this.#pending.get(frame.id);
    if (call === undefined) return;
    if (frame.type === FrameType.CallFailed) {
      const { code, reason } = decodeCallFailed(frame);
      this.#settle(frame.id, call);
      call.reject(new QconnError(code, reason || undefined));
    } else if (call.frame(frame)) {
      this.#settle(frame.id, call);
    }
  }

  /** The connection is gone. */
  lost(error: QconnError): void {
    for (const [id, call] of this.#pending) {
      this.#settle(id, call);
      call.reject(error);
    }
  }

  #settle(id: number, call: PendingCall): void {
    call.deadline.cancel();
    this.#pending.delete(id);
  }
}
