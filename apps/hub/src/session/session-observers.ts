import type { Hello, TrustHeld } from '@qconn/protocol';
import type { CloseInfo, FailedHandler } from '@qconn/transport';
import type { MachineSession, SessionObserver } from './machine-session.ts';

/** Tells several observers of a session's life, one after another. */
export class SessionObservers implements SessionObserver {
  readonly #observers: readonly SessionObserver[];

  constructor(observers: readonly SessionObserver[]) {
    this.#observers = observers;
  }

  refused(failed: FailedHandler): void {
    for (const observer of this.#observers) observer.refused?.(failed);
  }

  began(session: MachineSession, hello: Hello): void {
    for (const observer of this.#observers) observer.began(session, hello);
  }

  ended(session: MachineSession, info: CloseInfo): void {
    for (const observer of this.#observers) observer.ended(session, info);
  }

  held(session: MachineSession, held: TrustHeld): void {
    for (const observer of this.#observers) observer.held?.(session, held);
  }

  callFailed(session: MachineSession, call: string, fault: unknown): void {
    for (const observer of this.#observers) observer.callFailed?.(session, call, fault);
  }
}
