import type { Clock } from '@qconn/clock';
import { Gauge, Registry } from 'prom-client';
import { VERSION } from '../version.ts';
import { AdmissionMetrics } from './admission-metrics.ts';
import { EventLoopDelay } from './event-loop-delay.ts';
import { ExchangeMetrics } from './exchange-metrics.ts';
import { HttpMetrics } from './http-metrics.ts';
import { registerLiveGauges, type LiveState } from './live-gauges.ts';
import { SecurityMetrics } from './security-metrics.ts';
import { SessionMetrics } from './session-metrics.ts';

/** Everything that one hub measures of itself, in a registry of its own. docs/operations.md lists it. */
export class HubMetrics {
  readonly exchanges: ExchangeMetrics;
  readonly sessions: SessionMetrics;
  readonly admission: AdmissionMetrics;
  readonly http: HttpMetrics;
  readonly security: SecurityMetrics;
  readonly #registry = new Registry();
  readonly #clock: Clock;
  readonly #eventLoop: EventLoopDelay;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.exchanges = new ExchangeMetrics(this.#registry, clock);
    this.sessions = new SessionMetrics(this.#registry);
    this.admission = new AdmissionMetrics(this.#registry);
    this.http = new HttpMetrics(this.#registry);
    this.security = new SecurityMetrics(this.#registry);
    this.#eventLoop = new EventLoopDelay(this.#registry);
    const build = new Gauge({
      name: 'qconn_build_info',
      help: 'Always 1; its labels are the versions of the hub and of Node',
      labelNames: ['version', 'node'],
      registers: [],
    });
    build.set({ version: VERSION, node: process.versions.node }, 1);
    this.#registry.registerMetric(build);
  }

  /** Shows the hub's state from now on; once, when its parts exist. */
  show(state: Omit<LiveState, 'clock'>): void {
    registerLiveGauges(this.#registry, { clock: this.#clock, ...state });
  }

  /** The text exposition format, version 0.0.4. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    return this.#registry.metrics();
  }

  close(): void {
    this.#eventLoop.close();
  }
}
