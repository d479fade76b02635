import { resolve, type Session, SessionTable } from '@qconn/routing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

/** What a session table should know, kept as plainly as can be: what happened, in order, read from the end. */
interface Model {
  readonly sessions: { id: string; fingerprint: string; live: boolean; devices: Map<string, string[]> }[];
  /** Who was given a hostname last, and still has it. */
  readonly hostnames: Map<string, string>;
}

const FINGERPRINTS = ['qc1a', 'qc1b', 'qc1c'];
const HOSTNAMES = ['one', 'two'];
const TYPES = ['print', 'scan', 'scale.read'];

const step = fc.record({
  act: fc.constantFrom('add', 'add', 'remove', 'rename', 'provide', 'provide', 'provide', 'withdraw', 'work', 'rest'),
  fingerprint: fc.constantFrom(...FINGERPRINTS),
  hostname: fc.option(fc.constantFrom(...HOSTNAMES), { nil: undefined }),
  device: fc.constantFrom('d1', 'd2'),
  types: fc.subarray(TYPES, { minLength: 1 }),
  pick: fc.nat(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

test('finds by id, machine, hostname and service type what a plain model finds', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const sessions = new SessionTable<null>();
      const model: Model = { sessions: [], hostnames: new Map() };
      for (const [index, each] of steps.entries()) {
        act(sessions, model, each, `s${index}`);
        compare(sessions, model);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('whoever follows the changes of devices knows what a plain model knows', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const sessions = new SessionTable<null>();
      const model: Model = { sessions: [], hostnames: new Map() };
      const followed = new Map<string, string[]>();
      sessions.onDeviceChange(({ device, before, after }) => {
        const key = `${device.session.id}/${device.name}`;
        expect([...before]).toEqual(followed.get(key) ?? []);
        if (after.size === 0) followed.delete(key);
        else followed.set(key, [...after]);
      });
      for (const [index, each] of steps.entries()) {
        act(sessions, model, each, `s${index}`);
        const expected = current(model).flatMap(({ id, devices }) =>
          [...devices].map(([name, types]) => [`${id}/${name}`, types] as const),
        );
        expect(Object.fromEntries(followed)).toEqual(Object.fromEntries(expected));
      }
    }),
    { numRuns: 500 },
  );
});

test('resolves as a search through everything does', () => {
  const address = fc.record({
    serviceType: fc.constantFrom(...TYPES),
    machine: fc.option(fc.constantFrom(...FINGERPRINTS, ...HOSTNAMES, 'nobody'), { nil: undefined }),
    device: fc.option(fc.constantFrom('d1', 'd2'), { nil: undefined }),
  });
  const permitted = fc.subarray(FINGERPRINTS);
  const random = fc.double({ min: 0, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), address, permitted, random, (steps, to, may, random01) => {
      const sessions = new SessionTable<null>();
      const model: Model = { sessions: [], hostnames: new Map() };
      for (const [index, each] of steps.entries()) act(sessions, model, each, `s${index}`);
      const found = resolve(sessions, to, {
        permitted: (target) => ({ allowed: target === undefined || may.includes(target), reason: 'no' }),
        knownMachine: (machine) => (FINGERPRINTS.includes(machine) ? machine : undefined),
        random01,
      });
      const among = current(model).filter(
        ({ fingerprint }) => to.machine === undefined || machineOf(model, to.machine) === fingerprint,
      );
      const able = among.flatMap((session) =>
        [...session.devices]
          .filter(([name, types]) => types.includes(to.serviceType) && (to.device === undefined || to.device === name))
          .map(([name]) => ({ session, device: sessions.get(session.id)?.devices.get(name) })),
      );
      const open = able.filter(({ session }) => may.includes(session.fingerprint));
      if (found.outcome === 'resolved') {
        expect(open.map(({ device }) => device)).toContain(found.device);
        expect(found.device.inFlight).toBe(Math.min(...open.map(({ device }) => device?.inFlight ?? 0)));
      } else {
        expect(open).toEqual([]);
        expect(found.outcome).toBe(expectedRefusal(model, to.machine, may, able.length));
      }
    }),
    { numRuns: 4_000 },
  );
});

function expectedRefusal(model: Model, machine: string | undefined, may: readonly string[], able: number): string {
  if (machine === undefined) return able > 0 ? 'forbidden' : 'not_found';
  const fingerprint = machineOf(model, machine) ?? (FINGERPRINTS.includes(machine) ? machine : undefined);
  if (fingerprint === undefined) return 'not_found';
  if (!may.includes(fingerprint)) return 'forbidden';
  return current(model).some((session) => session.fingerprint === fingerprint) ? 'not_found' : 'offline';
}

function act(
  sessions: SessionTable<null>,
  model: Model,
  { act: what, fingerprint, hostname, device, types, pick }: Step,
  id: string,
): void {
  const all = [...sessions];
  const session = all[pick % Math.max(1, all.length)];
  const modelled = model.sessions.find((each) => each.id === session?.id);
  if (what === 'add') {
    sessions.add({ id, fingerprint, hostname, value: null });
    vacate(model, fingerprint);
    model.sessions.push({ id, fingerprint, live: true, devices: new Map() });
    if (hostname !== undefined) model.hostnames.set(hostname, id);
  } else if (what === 'rename') {
    sessions.rename(fingerprint, hostname);
    const now = current(model).find((each) => each.fingerprint === fingerprint);
    if (now === undefined) return;
    vacateNames(model, now.id);
    if (hostname !== undefined) model.hostnames.set(hostname, now.id);
  } else if (session === undefined || modelled === undefined) return;
  else if (what === 'remove') {
    sessions.remove(session.id);
    vacateNames(model, session.id);
    modelled.live = false;
  } else if (what === 'provide') {
    sessions.provide(session, device, types);
    modelled.devices.set(device, types);
  } else if (what === 'withdraw') {
    expect(sessions.withdraw(session, device)).toBe(modelled.devices.delete(device));
  } else if (what === 'work') session.devices.get(device)?.began();
  else if ((session.devices.get(device)?.inFlight ?? 0) > 0) session.devices.get(device)?.ended();
}

/** A newer session of a machine takes its place: the older one has no hostname any more. */
function vacate(model: Model, fingerprint: string): void {
  for (const each of model.sessions) if (each.fingerprint === fingerprint) vacateNames(model, each.id);
}

function vacateNames(model: Model, id: string): void {
  for (const [name, owner] of model.hostnames) if (owner === id) model.hostnames.delete(name);
}

/** The newest session of each machine, unless that one has been removed. */
function current(model: Model): Model['sessions'] {
  return model.sessions.filter(
    (session, index) =>
      session.live && !model.sessions.slice(index + 1).some((later) => later.fingerprint === session.fingerprint),
  );
}

function machineOf(model: Model, machine: string): string | undefined {
  const owner = model.hostnames.get(machine);
  return current(model).find(({ id, fingerprint }) => fingerprint === machine || id === owner)?.fingerprint;
}

function compare(sessions: SessionTable<null>, model: Model): void {
  const now = current(model);
  const ids = (found: Iterable<Session<null>>): string[] => Array.from(found, ({ id }) => id).toSorted();
  expect(ids(sessions)).toEqual(
    model.sessions
      .filter(({ live }) => live)
      .map(({ id }) => id)
      .toSorted(),
  );
  for (const machine of [...FINGERPRINTS, ...HOSTNAMES]) {
    expect(sessions.ofMachine(machine)?.fingerprint).toBe(machineOf(model, machine));
  }
  for (const type of TYPES) {
    const expected = now.flatMap(({ id, devices }) =>
      [...devices].filter(([, types]) => types.includes(type)).map(([name]) => `${id}/${name}`),
    );
    const found = Array.from(sessions.pool(type) ?? [], (device) => `${device.session.id}/${device.name}`);
    expect(found.toSorted()).toEqual(expected.toSorted());
  }
}
