import type { Device, QconnError } from '@qconn/protocol';
import type { EventStream } from '../event-stream.ts';
import type { Jobs } from '../exchange/jobs.ts';
import type { Session } from '../session/session.ts';
import { asQconnError } from './as-qconn-error.ts';
import type { ClientEvent } from './client-event.ts';

/** Tells hubs which devices this program provides, and the program what hubs say to that. */
export class Registrations {
  readonly #jobs: Jobs;
  readonly #events: EventStream<ClientEvent>;

  constructor(jobs: Jobs, events: EventStream<ClientEvent>) {
    this.#jobs = jobs;
    this.#events = events;
  }

  /** @throws QconnError what the hub refuses the device with */
  async register(session: Session, device: Device): Promise<void> {
    const permitted = await session.provide(device);
    this.#events.emit({ kind: 'provided', device: device.device, permitted });
  }

  /**
   * A device that the hub refuses, such as one too many, is refused on every connection: the others go on.
   * @param isCurrent whether the session still counts
   * @param silent told when the hub has not answered in time, for that is no refusal
   */
  registerAll(session: Session, isCurrent: () => boolean, silent: (error: QconnError) => void): void {
    for (const device of this.#jobs.devices)
      this.register(session, device).catch((cause: unknown) => {
        if (!isCurrent()) return;
        const error = asQconnError(cause);
        this.#events.emit({ kind: 'refused', device: device.device, error });
        if (error.code === 'no_answer') silent(error);
      });
  }
}
