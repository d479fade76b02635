/** A row of a state table: the state that follows, and what to do, in this order. */
export interface Transition<State extends string, Action extends string> {
  readonly next: State;
  readonly actions: readonly Action[];
}

/**
 * A state table: state × event → transition. A pair that is absent is a late or repeated event:
 * it changes nothing and does nothing.
 */
export type StateTable<State extends string, Event extends string, Action extends string> = {
  readonly [S in State]: { readonly [E in Event]?: Transition<State, Action> };
};

/** The transition for an event, or `undefined` for one that comes too late to matter. */
export function transition<State extends string, Event extends string, Action extends string>(
  table: StateTable<State, Event, Action>,
  state: State,
  event: Event,
): Transition<State, Action> | undefined {
  return table[state][event];
}

/** Writes a row of a table. */
export function to<State extends string, Action extends string>(
  next: State,
  ...actions: Action[]
): Transition<State, Action> {
  return { next, actions };
}
