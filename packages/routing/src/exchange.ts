import type { Deadline } from '@qconn/clock';
import type { LiveDevice } from './live-device.ts';
import type { Session } from './session.ts';

/** One exchange at the hub. Only the exchange table changes it. */
export class Exchange<S, T> {
  /** The hub's number for it, unique while the hub runs. Providers see this one. */
  readonly id: number;
  /** The machine that pays for it, even after its session is gone. */
  readonly senderFingerprint: string;
  /** The sender's own number for it, unique in the sender's session. */
  readonly requestId: number;
  /** What the hub keeps with it: the state of its state machine, the request, times. */
  readonly value: T;
  /** Whoever waits for the outcome; nobody once that session is gone. */
  sender: Session<S> | undefined;
  target: LiveDevice<S> | undefined;
  deadline: Deadline<Exchange<S, T>> | undefined;

  constructor(id: number, sender: Session<S>, requestId: number, value: T) {
    this.id = id;
    this.sender = sender;
    this.senderFingerprint = sender.fingerprint;
    this.requestId = requestId;
    this.value = value;
  }
}
