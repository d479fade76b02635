import type { ClientEvent, OwnMachine } from '@qconn/client';
import type { Clock } from '@qconn/clock';
import type { QconnError } from '@qconn/protocol';
import type { Logger } from '@qconn/startup';
import { duration } from '../words.ts';

/** The same reason is told again after this time, in milliseconds: whoever looks finds it near the end of the log. */
const REMIND_AFTER_MS = 600_000;

const PATH_FAILED: Record<Extract<ClientEvent, { kind: 'moved' }>['failure'], string> = {
  silence: 'the hub no longer answered',
  network: 'the network no longer led to the hub',
  interface: 'the local address has gone',
};

/** What the log needs to know beyond an event. */
export interface PhaseLogDependencies {
  readonly log: Logger;
  readonly clock: Clock;
  readonly machine: () => OwnMachine | undefined;
}

/** Tells what happens to the connection in words. */
export class PhaseLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #machine: () => OwnMachine | undefined;
  #told: { code: string; at: number } | undefined;
  #standing = '';
  #wasPending = false;

  constructor({ log, clock, machine }: PhaseLogDependencies) {
    this.#log = log;
    this.#clock = clock;
    this.#machine = machine;
  }

  take(event: ClientEvent): void {
    switch (event.kind) {
      case 'phase':
        return this.#phase(event);
      case 'machine':
        return this.#standingChanged();
      case 'provided':
        return this.#provided(event);
      case 'refused':
        return this.#log.error(
          { device: event.device, err: event.error },
          `the hub refuses the device ${event.device}: ${event.error.message}`,
        );
      case 'moved':
        return this.#log.info(
          { failure: event.failure },
          `connection moved to another path (${PATH_FAILED[event.failure]})`,
        );
      case 'notMoved':
        return this.#log.warn(
          { failure: event.failure, err: event.error },
          `connecting to the hub anew: ${PATH_FAILED[event.failure]}, and no other path leads there`,
        );
      case 'hubMoved':
        return this.#log.info(
          { from: event.from },
          'the hub’s name points to another address: connected there, the old connection is closed',
        );
      case 'overdue':
        return this.#overdue(event);
      case 'renewed':
        return this.#log.info({ expiresAt: iso(event.expiresAt) }, 'certificate renewed');
      case 'renewalFailed':
        return this.#renewalFailed(event);
    }
  }

  #overdue({ device, jobs, longestMs }: Extract<ClientEvent, { kind: 'overdue' }>): void {
    const which = jobs === 1 ? `a job of ${device} does` : `${jobs} jobs of ${device} do`;
    this.#log.warn(
      { device, jobs, ms: Math.round(longestMs) },
      `${which} not stop, ${duration(longestMs)} after being told to, and ${jobs === 1 ? 'keeps its place' : 'keep their places'}: at its limit ${device} refuses jobs with busy. Look at what it works with.`,
    );
  }

  /** A pending machine may provide nothing, and has been told what it waits for. */
  #provided({ device, permitted }: Extract<ClientEvent, { kind: 'provided' }>): void {
    if (permitted || this.#machine()?.status !== 'authorized') return;
    this.#log.warn(
      { device },
      `no role lets this machine provide ${device} yet: jobs for it are refused until an administrator grants it`,
    );
  }

  /** Without a next try it was the last step that failed: the new certificate is in use, but not in its place on disk. */
  #renewalFailed({ error, retryAt }: Extract<ClientEvent, { kind: 'renewalFailed' }>): void {
    if (retryAt === undefined)
      return this.#log.warn(
        { err: error },
        `the renewed certificate is not in its place on disk yet: ${error.message}`,
      );
    this.#log.warn(
      { err: error, retryAt: iso(retryAt) },
      `certificate not renewed: ${error.message} The old one stays in use.`,
    );
  }

  #phase({ phase, reason, waitMs }: Extract<ClientEvent, { kind: 'phase' }>): void {
    switch (phase) {
      case 'connecting':
        return this.#log.debug('connecting to the hub');
      case 'pending':
      case 'online':
        this.#told = undefined;
        return this.#standingChanged();
      case 'backing_off':
        this.#standing = '';
        return this.#notConnected(reason, waitMs ?? 0);
      case 'stopped':
        return this.#log.info('disconnected');
    }
  }

  /** Told when it changes, once: a phase and the hub's word on the machine come as two events. */
  #standingChanged(): void {
    const machine = this.#machine();
    if (machine === undefined) return;
    const { status, hostname, roles, fingerprint, shortCode } = machine;
    const standing = [status, hostname, ...roles].join(' ');
    if (standing === this.#standing) return;
    this.#standing = standing;
    const approved = this.#wasPending && status === 'authorized' ? 'approved; ' : '';
    this.#wasPending = status === 'pending';
    if (status === 'pending') {
      this.#log.warn(
        { fingerprint, shortCode },
        `connected, waiting for approval: give an administrator the short code ${shortCode}`,
      );
    } else if (status === 'authorized') {
      const may =
        roles.length === 0
          ? 'without a role, so it may do nothing yet'
          : `with ${roles.length === 1 ? 'the role' : 'the roles'} ${roles.join(', ')}`;
      this.#log.info({ fingerprint }, `${approved}online as ${hostname ?? fingerprint} ${may}`);
    } else {
      this.#log.error({ fingerprint }, 'revoked: an administrator has taken this machine’s authorization away');
    }
  }

  /** A hub that is away for the night should not fill the disk: the same reason is told now and then. */
  #notConnected(reason: QconnError | undefined, waitMs: number): void {
    const now = this.#clock.monotonic();
    const code = reason?.code ?? '';
    const again = this.#told !== undefined && this.#told.code === code && now - this.#told.at < REMIND_AFTER_MS;
    const message = `not connected: ${reason?.message ?? 'the connection ended.'} Trying again in ${duration(waitMs)}.`;
    const facts = reason === undefined ? {} : { code, action: reason.action };
    if (again) return this.#log.debug(facts, message);
    this.#told = { code, at: now };
    this.#log.warn(facts, message);
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
