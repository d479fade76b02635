/** Notices V8's full collections: only those clear a weak reference, for young ones leave it alone. */
export class FullCollections {
  #mark = new WeakRef({});

  /** Whether there has been one since this was last asked, an earlier turn of the event loop ago. */
  happened(): boolean {
    if (this.#mark.deref() !== undefined) return false;
    this.#mark = new WeakRef({});
    return true;
  }
}
