import { DevicePool, LiveDevice, Session } from '@qconn/routing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const session = new Session<undefined>({ id: 's', fingerprint: 'qc1a', value: undefined });

const step = fc.record({
  device: fc.nat({ max: 5 }),
  act: fc.constantFrom('join', 'leave', 'began', 'began', 'began', 'ended', 'ended'),
});

test('keeps its devices in order of their exchanges in flight, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pool = new DevicePool<undefined>();
      const devices = Array.from({ length: 6 }, (_, index) => new LiveDevice(session, `d${index}`));
      const joined = new Set<LiveDevice<undefined>>();
      for (const { device: index, act } of steps) {
        const device = devices[index] as LiveDevice<undefined>;
        if (act === 'join' && !joined.has(device)) {
          device.join(new Set(['print']), [pool]);
          joined.add(device);
        } else if (act === 'leave') {
          device.leave();
          joined.delete(device);
        } else if (act === 'began') device.began();
        else if (act === 'ended' && device.inFlight > 0) device.ended();
        const loads = [...pool].map((each) => each.inFlight);
        expect(loads).toEqual(loads.toSorted((a, b) => a - b));
        expect(new Set(pool)).toEqual(joined);
        expect(pool.size).toBe(joined.size);
      }
    }),
    { numRuns: 3_000 },
  );
});

test('finds the least busy acceptable device, and the same as a search through all would', () => {
  const loads = fc.array(fc.tuple(fc.nat({ max: 4 }), fc.boolean()), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(loads, fc.double({ min: 0, max: 0.999_999, noNaN: true }), (devices, random01) => {
      const pool = new DevicePool<undefined>();
      const acceptable = new Set<LiveDevice<undefined>>();
      for (const [load, accepted] of devices) {
        const device = new LiveDevice(session, 'd');
        device.join(new Set(['print']), [pool]);
        for (let count = 0; count < load; count += 1) device.began();
        if (accepted) acceptable.add(device);
      }
      const found = pool.leastBusy((device) => acceptable.has(device), random01);
      const fewest = Math.min(...[...acceptable].map((device) => device.inFlight));
      if (acceptable.size === 0) expect(found).toBeUndefined();
      else expect(found !== undefined && acceptable.has(found) && found.inFlight === fewest).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test('reaches every one of several equals, by the random number', () => {
  const pool = new DevicePool<undefined>();
  for (let index = 0; index < 10; index += 1) new LiveDevice(session, `d${index}`).join(new Set(['print']), [pool]);
  const found = new Set(Array.from({ length: 10 }, (_, index) => pool.leastBusy(() => true, index / 10)?.name));
  expect(found.size).toBe(10);
});
