import { once } from 'node:events';
import { connect } from 'node:tls';
import { systemClock, type Clock } from '@qconn/clock';
import { FrameType } from '@qconn/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { RunningHub } from '../hub/running-hub.ts';
import { ScriptedClient } from '../hub/scripted-client.ts';

const DAY_MS = 86_400_000;

/** Timers of this length are looks at a schedule, which never wait for longer; here they fire when the test says so. */
const LOOK_MS = 60_000;

/** A system's clock that is moved, and whose looks at schedules are made by hand. */
class MovedClock implements Clock {
  #wall: number;
  #monotonic = 0;
  readonly #looks = new Set<() => void>();

  constructor(wallMs: number) {
    this.#wall = wallMs;
  }

  now(): number {
    return systemClock.now() + this.#wall;
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#monotonic;
  }

  setTimer(delayMs: number, fire: () => void): { cancel(): void } {
    if (delayMs !== LOOK_MS) return systemClock.setTimer(delayMs, fire);
    this.#looks.add(fire);
    return { cancel: () => void this.#looks.delete(fire) };
  }

  move(wallMs: number, monotonicMs: number): void {
    this.#wall += wallMs;
    this.#monotonic += monotonicMs;
  }

  look(): void {
    const looks = [...this.#looks];
    this.#looks.clear();
    for (const fire of looks) fire();
  }
}

async function serialOf(hub: RunningHub): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: hub.hub.httpsAddress.port, ca: hub.authority.rootPem });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

test('the hub renews its own certificate when two thirds are over, and no connection notices', async () => {
  // The certificate is issued 23 of its 30 days ago: past the latest moment that jitter may choose, and still good now.
  const clock = new MovedClock(-23 * DAY_MS);
  const hub = await RunningHub.start({ clock });
  onTestFinished(() => hub.close());
  const before = await serialOf(hub);
  clock.move(23 * DAY_MS, 2 * 60_000);
  const machine = await hub.machine();
  const client = new ScriptedClient(await hub.connect(machine.tls));
  await client.greet();

  clock.look();
  await hub.log.line('server_certificate_renewed');
  expect(await serialOf(hub)).not.toBe(before);

  // The connection from before is told of what happens now, and new ones are made.
  await hub.authorize(machine, 'lims', []);
  expect(await client.frame(FrameType.Status)).toBeDefined();
  const other = await hub.machine();
  const next = new ScriptedClient(await hub.connect(other.tls));
  expect((await next.greet()).fingerprint).toBe(other.fingerprint);
  client.close();
  next.close();
});
