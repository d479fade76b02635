import type { Registry } from 'prom-client';
import { SECURITY_EVENTS, type SecurityEvent, type SecurityEventName } from '../security/security-event.ts';
import { Tally } from './tally.ts';

/** Authentications and refusals, with or without a line in the security log. */
export class SecurityMetrics {
  readonly #events: Tally<SecurityEventName>;

  constructor(registry: Registry) {
    this.#events = new Tally(registry, {
      name: 'qconn_security_events_total',
      help: 'Authentications, refusals and rate limits, by event as the security log names it',
      label: 'event',
      keys: Object.keys(SECURITY_EVENTS) as SecurityEventName[],
    });
  }

  observe({ event }: SecurityEvent): void {
    this.#events.add(event);
  }
}
