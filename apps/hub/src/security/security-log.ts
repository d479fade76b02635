import type { Clock } from '@qconn/clock';
import type { Logger } from '@qconn/startup';
import { sourceOf } from '@qconn/transport';
import { SourceLimits } from '../http/source-limits.ts';
import { SECURITY_EVENTS, type SecurityEvent } from './security-event.ts';

/** What the security log works with. */
export interface SecurityLogDependencies {
  readonly clock: Clock;
  /** Where lines go; whatever the level of the hub's own log is. */
  readonly log: Logger;
  /** Told of every event, whether or not it gets a line. */
  readonly observers: readonly ((event: SecurityEvent) => void)[];
}

/**
 * Lines for one source: the first ten of an event, then one in six seconds, which is enough for whoever counts them.
 * The rest is summarised once a minute.
 */
const LINES = { perSecond: 1 / 6, burst: 10 };

/** The same caller of the API from the same source: one line a minute. */
const CALLERS = { perSecond: 1 / 60, burst: 1 };

/**
 * The hub's security log: a line for each authentication, refusal and rate limit, with the address that it came from.
 * A flood of one source does not become one of lines.
 */
export class SecurityLog {
  readonly #dependencies: SecurityLogDependencies;
  readonly #refusals = new SourceLimits(LINES);
  readonly #callers = new SourceLimits(CALLERS);

  constructor(dependencies: SecurityLogDependencies) {
    this.#dependencies = dependencies;
  }

  /** @returns whether it got a line of its own */
  tell(event: SecurityEvent): boolean {
    for (const observe of this.#dependencies.observers) observe(event);
    const source = sourceOf(event.remote);
    if (event.event === 'api_authenticated')
      return this.#limited(event, this.#callers, `${event.actor ?? ''} ${source}`, 'repeated');
    if (SECURITY_EVENTS[event.event].level === 'warn' && event.event !== 'rate_limited')
      return this.#limited(event, this.#refusals, `${event.event} ${source}`, 'suppressed');
    this.#write(event, {});
    return true;
  }

  #limited(event: SecurityEvent, limits: SourceLimits, key: string, count: 'repeated' | 'suppressed'): boolean {
    const { waitMs, tell } = limits.admit(key, this.#dependencies.clock.monotonic());
    if (waitMs === 0) this.#write(event, {});
    else if (tell !== undefined) this.#write(event, { [count]: tell });
    return waitMs === 0;
  }

  /** The order of the fields is part of what filters rely on: the event and the address come first. */
  #write({ event, remote, port, code, actor, route }: SecurityEvent, counts: Readonly<Record<string, number>>): void {
    const { level, message } = SECURITY_EVENTS[event];
    this.#dependencies.log[level]({ event, remote: plain(remote), port, code, actor, route, ...counts }, message);
  }
}

/** An IPv4 address as firewalls know it, whatever socket it came through (RFC 4291, section 2.5.5.2). */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=[0-9.]+$)/i, '');
}
