/**
 * Notices V8's full collections: young ones do not look after what is registered. A weak reference would do as well, but for asking: what it
 * has given out while marking is under way lives on.
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
