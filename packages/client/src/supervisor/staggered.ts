import type { Clock, Timer } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';
import { isPermanent } from './supervisor.ts';

/** How tries are made. */
export interface Staggering<Place, Result> {
  readonly clock: Clock;
  /** Time between the beginnings of two tries, in milliseconds, while none has failed. */
  readonly staggerMs: number;
  /** Ends the round. */
  readonly signal: AbortSignal;
  /** @throws QconnError why this place is none */
  readonly attempt: (place: Place, signal: AbortSignal) => Promise<Result>;
  /** Given what a try brought after another one had won. */
  readonly discard: (result: Result) => void;
}

/**
 * Tries places until one answers: the next begins when one has failed, or has not answered for a while, so that a
 * place that swallows everything costs a quarter of a second and not a timeout (RFC 8305, section 5). The first that
 * answers wins, and the others are called off.
 * @throws QconnError when none answers: a permanent refusal if there was one, else the last failure
 */
export function firstToAnswer<Place, Result>(
  places: AsyncIterator<Place, undefined>,
  { clock, staggerMs, signal, attempt, discard }: Staggering<Place, Result>,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const losers = new AbortController();
  const calledOff = AbortSignal.any([signal, losers.signal]);
  let timer: Timer | undefined;
  let running = 0;
  let failure: QconnError | undefined;
  let over = false;
  let exhausted = false;
  let drawing = false;

  const end = (settle: () => void): void => {
    over = true;
    timer?.cancel();
    settle();
    losers.abort();
  };
  const failed = (error: unknown): void => {
    if (over) return;
    if (signal.aborted || !(error instanceof QconnError)) return end(() => reject(error));
    failure = failure !== undefined && isPermanent(failure) ? failure : error;
    if (!exhausted) void next();
    else if (running === 0) end(() => reject(failure));
  };
  const begin = (place: Place): void => {
    running++;
    timer?.cancel();
    timer = clock.setTimer(staggerMs, () => void next());
    attempt(place, calledOff).then(
      (result) => {
        running--;
        if (over) return discard(result);
        end(() => resolve(result));
      },
      (error: unknown) => {
        running--;
        failed(error);
      },
    );
  };
  const next = async (): Promise<void> => {
    if (drawing || over) return;
    drawing = true;
    try {
      const drawn = await places.next();
      drawing = false;
      if (over) return;
      if (drawn.done !== true) return begin(drawn.value);
      exhausted = true;
      timer?.cancel();
      if (running === 0) end(() => reject(failure ?? new QconnError('unreachable', 'There is nowhere to connect to.')));
    } catch (error) {
      drawing = false;
      failed(error);
    }
  };
  void next();
  return promise;
}
