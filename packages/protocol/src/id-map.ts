/** Places once there is something. A power of two, as always. */
const FIRST_PLACES = 8;

/** Stands where nothing is. */
const FREE = -1;

/** Shared by all empty maps: ten thousand connections have two each. */
const NO_IDS: Float64Array<ArrayBuffer> = new Float64Array(1).fill(FREE);
const NO_THINGS: undefined[] = [undefined];

/** 2³² divided by the golden ratio: neighbours land far from each other (Knuth, TAOCP 3, section 6.4). */
const GOLDEN = 0x9e3779b1;

/**
 * Things by a number of 0 … 2⁵³ − 1, where many come and go. `Map` is bad at just that: for every few hundred entries that come
 * and go it makes a new table, to which the old one refers. Once one of them has outlived V8's young generation, it keeps all
 * later ones alive, with what was in them, until a full collection. This one has a single table, open and without gaps.
 */
export class IdMap<T> {
  #ids = NO_IDS;
  #things: (T | undefined)[] = NO_THINGS;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    const place = this.#find(id);
    return this.#ids[place] === id ? this.#things[place] : undefined;
  }

  has(id: number): boolean {
    return this.#ids[this.#find(id)] === id;
  }

  set(id: number, thing: T): void {
    let place = this.#find(id);
    if (this.#ids[place] !== id) {
      // Half of the places stay free, so that a search is over soon.
      if ((this.#size + 1) * 2 > this.#ids.length) {
        this.#resize(Math.max(FIRST_PLACES, this.#ids.length * 2));
        place = this.#find(id);
      }
      this.#ids[place] = id;
      this.#size += 1;
    }
    this.#things[place] = thing;
  }

  /** @returns whether it was there */
  delete(id: number): boolean {
    let gap = this.#find(id);
    if (this.#ids[gap] !== id) return false;
    const mask = this.#ids.length - 1;
    // What follows without a gap moves up where its search would now end at this one.
    for (let place = (gap + 1) & mask; this.#ids[place] !== FREE; place = (place + 1) & mask) {
      const home = this.#home(this.#ids[place] as number);
      if (((place - home) & mask) < ((place - gap) & mask)) continue;
      this.#ids[gap] = this.#ids[place] as number;
      this.#things[gap] = this.#things[place];
      gap = place;
    }
    this.#ids[gap] = FREE;
    this.#things[gap] = undefined;
    this.#size -= 1;
    if (this.#size === 0 && this.#ids.length > 64 * FIRST_PLACES) this.#resize(FIRST_PLACES);
    return true;
  }

  /** All things, copied, so that they may go as one walks through them. In no order. */
  values(): T[] {
    return this.#things.filter((_, place) => this.#ids[place] !== FREE) as T[];
  }

  #home(id: number): number {
    // Its upper half counts as well: ids need not be small.
    const mixed = Math.imul((id | 0) ^ ((id / 0x1_0000_0000) | 0), GOLDEN);
    return (mixed ^ (mixed >>> 16)) & (this.#ids.length - 1);
  }

  /** Where an id is, or would be. */
  #find(id: number): number {
    const ids = this.#ids;
    const mask = ids.length - 1;
    let place = this.#home(id);
    while (ids[place] !== id && ids[place] !== FREE) place = (place + 1) & mask;
    return place;
  }

  #resize(places: number): void {
    const [ids, things] = [this.#ids, this.#things];
    this.#ids = new Float64Array(places).fill(FREE);
    this.#things = Array.from({ length: places }, () => undefined);
    for (const [place, id] of ids.entries()) {
      if (id === FREE) continue;
      const to = this.#find(id);
      this.#ids[to] = id;
      this.#things[to] = things[place];
    }
  }
}
