import { encodeResponse } from '@qconn/protocol';
import type { Stream } from '@qconn/transport';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BodyMachine, turn, type ReadBody } from './body-machine.ts';
import { LIMS, RelayStage, type Connected } from './relay-stage.ts';

const NOTHING = new Uint8Array(0);
const DAY_MS = 86_400_000;

/** What happens next; `pick` says to which of those that are there. */
interface Step {
  readonly does: (typeof STEPS)[number];
  readonly pick: number;
}

const STEPS = [
  ...['request', 'request', 'plainRequest', 'ack', 'answer', 'streamedAnswer', 'streamedAnswer'],
  ...['askForRequest', 'askForRequest', 'askForAnswer', 'askForAnswer', 'write', 'write', 'end', 'end', 'reset'],
  ...['stopReading', 'cancel', 'loseSender', 'loseProvider', 'revokeSender', 'secondsPass'],
] as const;

const ABOUT_A_JOB: ReadonlySet<string> = new Set(['ack', 'answer', 'streamedAnswer', 'askForRequest']);

/** Two machines, what they have asked of each other, and streams on which they have been asked. */
class Scene {
  readonly stage = new RelayStage({ inFlightPerMachine: 8, bodies: { bytesMax: 5_000, streamsPerMachine: 2 } });
  readonly reads: ReadBody[] = [];
  lims: Connected = this.stage.connect(LIMS);
  printer: Connected = this.stage.connectPrinter();
  sender: BodyMachine | undefined;
  provider: BodyMachine | undefined;
  #requests = 0;

  readonly #machines: BodyMachine[] = [];

  /** Streams on which somebody was ever asked for a body. */
  get asked(): Stream[] {
    return this.#machines.flatMap(({ asked }) => asked);
  }

  async join(): Promise<void> {
    if (this.sender === undefined) this.#machines.push((this.sender = await BodyMachine.join(this.stage, this.lims)));
    if (this.provider === undefined)
      this.#machines.push((this.provider = await BodyMachine.join(this.stage, this.printer)));
  }

  does({ does, pick }: Step): void {
    const { stage, lims, printer } = this;
    const jobs = printer.peer.jobs();
    const job = jobs[pick % Math.max(1, jobs.length)]?.id ?? 0;
    const request = 1 + (pick % Math.max(1, this.#requests));
    const { asked } = this;
    const stream = asked[pick % Math.max(1, asked.length)];
    if (jobs.length === 0 && ABOUT_A_JOB.has(does)) return;
    switch (does) {
      case 'request':
      case 'plainRequest':
        return stage.request(lims, does === 'request' ? { streamed: { length: undefined } } : {}, ++this.#requests);
      case 'ack':
        return stage.ack(printer);
      case 'answer':
        return stage.respond(printer);
      case 'streamedAnswer':
        return stage.say(printer, (writer, id) =>
          encodeResponse(writer, id, { headers: NOTHING, body: NOTHING, streamed: { length: undefined } }),
        );
      case 'askForRequest':
        return void this.reads.push((this.provider as BodyMachine).ask('request', job));
      case 'askForAnswer':
        return void this.reads.push((this.sender as BodyMachine).ask('response', request));
      case 'write':
      case 'end':
      case 'reset':
        return void (stream && act(stream, does));
      case 'stopReading':
        return this.reads[pick % Math.max(1, this.reads.length)]?.stream.stopSending(8);
      case 'cancel':
        return stage.cancel(lims, 'cancelled', request);
      case 'loseSender':
      case 'revokeSender':
        return this.#loseSender(does === 'revokeSender');
      case 'loseProvider':
        return this.#loseProvider();
      default:
        return stage.clock.advance(1_000 * (pick % 20));
    }
  }

  /** Whatever may still be waited for does not come. */
  async timePasses(): Promise<void> {
    await this.join();
    // Once for the exchanges, once for answers that nobody has asked for.
    for (let days = 0; days < 2; days += 1) {
      this.stage.clock.advance(DAY_MS);
      for (let turns = 0; turns < 10; turns += 1) await turn();
    }
  }

  #loseSender(revoked: boolean): void {
    this.sender?.lose();
    this.stage.disconnect(this.lims, revoked);
    this.sender = undefined;
    this.lims = this.stage.connect(LIMS);
    this.#requests = 0;
  }

  #loseProvider(): void {
    this.provider?.lose();
    this.stage.disconnect(this.printer);
    this.provider = undefined;
    this.printer = this.stage.connectPrinter();
  }
}

/** @returns whether the stream took it: not if it was told to stop, or has ended */
function act(stream: Stream, does: 'write' | 'end' | 'reset'): boolean {
  try {
    if (does === 'write') stream.write(new Uint8Array(3_000));
    else if (does === 'end') stream.end();
    else stream.reset(8);
    return true;
  } catch {
    return false;
  }
}

test('whatever happens to streamed bodies, in the end both sides of each have ended, and the hub holds nothing', async () => {
  const step = fc.record<Step>({ does: fc.constantFrom(...STEPS), pick: fc.nat(60) });
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const scene = new Scene();
      for (const next of steps) {
        await scene.join();
        scene.does(next);
        await turn();
      }
      await scene.timePasses();
      for (const { end } of scene.reads) seen.add(end?.kind ?? 'open');
      expect([scene.stage.relay.size, scene.stage.relay.idle]).toEqual([0, true]);
      expect(scene.reads.filter(({ end }) => end === undefined)).toEqual([]);
      expect(scene.asked.filter((stream) => act(stream, 'write'))).toEqual([]);
      const before = scene.sender?.asked.length ?? 0;
      // Room for as many bodies as at the beginning.
      const bodies = [1, 2].map((id) => {
        scene.stage.request(scene.lims, { streamed: { length: undefined } }, 1_000 + id);
        return (scene.provider as BodyMachine).ask('request', scene.printer.peer.jobs().at(-1)?.id ?? 0);
      });
      for (const n of [1, 2]) (await (scene.sender as BodyMachine).stream(before + n)).end();
      for (const body of bodies) expect(await body.ended()).toEqual({ kind: 'finished' });
    }),
    { numRuns: 150 },
  );
  expect([...seen].toSorted()).toEqual(['closed', 'finished', 'reset']);
});
