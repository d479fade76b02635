/**
 * Notices V8's full collections: young ones do not finalize what is registered. A weak reference would not do, for asking
 * it while marking is under way keeps its target alive.
 */
export class FullCollections {
  readonly #registry = new FinalizationRegistry<undefined>(() => {
    this.#happened = true;
    this.#watch();
  });
  #happened = false;

  constructor() {
    this.#watch();
  }

  /** Whether there has been one since this was last asked; known a turn of the event loop later. */
  happened(): boolean {
    const happened = this.#happened;
    this.#happened = false;
    return happened;
  }

  #watch(): void {
    this.#registry.register({}, undefined);
  }
}
