import type { LiveDevice } from './live-device.ts';

/**
 * The live devices of one service type, in order of their exchanges in flight, so that the least busy is
 * found at once however many there are. The order is kept as a counting sort keeps it: `#starts[n]` is where
 * the devices with `n` or more in flight begin, and one exchange more or less is one swap.
 */
export class DevicePool<S> {
  readonly #devices: LiveDevice<S>[] = [];
  readonly #places = new Map<LiveDevice<S>, number>();
  readonly #starts: number[] = [0];

  get size(): number {
    return this.#devices.length;
  }

  /** Every device, the least busy first. */
  [Symbol.iterator](): Iterator<LiveDevice<S>> {
    return this.#devices[Symbol.iterator]();
  }

  add(device: LiveDevice<S>): void {
    const load = device.inFlight;
    let place = this.#devices.push(device) - 1;
    this.#places.set(device, place);
    while (this.#starts.length <= load) this.#starts.push(place);
    for (let above = this.#starts.length - 1; above > load; above -= 1) {
      const start = this.#starts[above] as number;
      this.#swap(place, start);
      this.#starts[above] = start + 1;
      place = start;
    }
  }

  remove(device: LiveDevice<S>): void {
    let place = this.#places.get(device);
    if (place === undefined) return;
    for (let load = device.inFlight; load < this.#starts.length; load += 1) {
      const last = this.#end(load) - 1;
      this.#swap(place, last);
      if (load + 1 < this.#starts.length) this.#starts[load + 1] = last;
      place = last;
    }
    this.#devices.pop();
    this.#places.delete(device);
  }

  /** Called before a device's count goes up by one. */
  raise(device: LiveDevice<S>): void {
    const place = this.#places.get(device);
    if (place === undefined) return;
    const last = this.#end(device.inFlight) - 1;
    this.#swap(place, last);
    this.#starts[device.inFlight + 1] = last;
  }

  /** Called before a device's count goes down by one. */
  lower(device: LiveDevice<S>): void {
    const place = this.#places.get(device);
    if (place === undefined) return;
    const start = this.#starts[device.inFlight] as number;
    this.#swap(place, start);
    this.#starts[device.inFlight] = start + 1;
  }

  /**
   * The acceptable device with the fewest exchanges in flight. Among equals the search begins at a random
   * one and goes round.
   * @param random01 in [0, 1)
   */
  leastBusy(acceptable: (device: LiveDevice<S>) => boolean, random01: number): LiveDevice<S> | undefined {
    for (let load = 0; load < this.#starts.length; load += 1) {
      const start = this.#starts[load] as number;
      const count = this.#end(load) - start;
      const offset = Math.floor(random01 * count);
      for (let step = 0; step < count; step += 1) {
        const device = this.#devices[start + ((offset + step) % count)] as LiveDevice<S>;
        if (acceptable(device)) return device;
      }
    }
    return undefined;
  }

  #end(load: number): number {
    return this.#starts[load + 1] ?? this.#devices.length;
  }

  #swap(a: number, b: number): void {
    if (a === b) return;
    const first = this.#devices[a] as LiveDevice<S>;
    const second = this.#devices[b] as LiveDevice<S>;
    this.#devices[a] = second;
    this.#devices[b] = first;
    this.#places.set(second, a).set(first, b);
  }
}
