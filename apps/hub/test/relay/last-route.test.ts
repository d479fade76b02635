import { describe, expect, test } from 'vitest';
import { LIMS, machine, PRINTER, RelayStage, type Connected } from './relay-stage.ts';

const ADDRESS = { serviceType: 'print', machine: 'printer', device: 'zebra-1' };

/** A request has gone its way, so that its route is known. */
function travelled(): { readonly stage: RelayStage; readonly lims: Connected; readonly printer: Connected } {
  const stage = new RelayStage();
  const lims = stage.connect(LIMS);
  const printer = stage.connectPrinter();
  stage.request(lims, { address: ADDRESS }, 1);
  stage.respond(printer);
  stage.request(lims, { address: ADDRESS }, 2);
  stage.respond(printer);
  expect(printer.peer.jobs()).toHaveLength(2);
  return { stage, lims, printer };
}

/** What becomes of the next request by the same route. */
function next({ stage, lims }: ReturnType<typeof travelled>): string | undefined {
  stage.request(lims, { address: ADDRESS }, 3);
  return lims.peer.outcomes(3)[0]?.code;
}

describe('a route that is known', () => {
  test('is the same for the next request, and says the same of both ends', () => {
    const { lims, printer } = travelled();
    const [first, second] = printer.peer.jobs();
    expect(second).toMatchObject({ from: first?.from, device: 'zebra-1', serviceType: 'print' });
    const targets = [1, 2].map((id) => lims.peer.reports(id).find(({ stage }) => stage === 'resolved')?.target);
    expect(targets[1]).toEqual(targets[0]);
  });

  test.each([
    ['the sender has lost its right', LIMS],
    ['the target has lost its right', PRINTER],
  ])('is none once %s', (_why, fingerprint) => {
    const on = travelled();
    on.stage.setMachine(machine(fingerprint, 'nobody'));
    expect(next(on)).toBe('forbidden');
  });

  test('is none once the device was taken back', () => {
    const on = travelled();
    on.stage.sessions.withdraw(on.printer.session, 'zebra-1');
    expect(next(on)).toBe('not_found');
  });

  test('is none once the device provides something else', () => {
    const on = travelled();
    on.stage.sessions.provide(on.printer.session, 'zebra-1', ['scan']);
    expect(next(on)).toBe('not_found');
  });

  test('is none once the target is gone', () => {
    const on = travelled();
    on.stage.disconnect(on.printer);
    expect(next(on)).toBe('offline');
  });

  test('goes to the session that has superseded the target’s', () => {
    const on = travelled();
    const newer = on.stage.connectPrinter();
    expect(next(on)).toBeUndefined();
    expect(newer.peer.jobs()).toHaveLength(1);
    expect(on.printer.peer.jobs()).toHaveLength(2);
  });

  test('is none once the hostname is another’s', () => {
    const on = travelled();
    on.stage.sessions.rename(PRINTER, 'elsewhere');
    on.stage.setMachine({ ...machine(PRINTER, 'printer'), hostname: 'elsewhere' });
    expect(next(on)).toBe('not_found');
  });

  test('names the sender as the policy in force does', () => {
    const on = travelled();
    on.stage.setMachine({ ...machine(LIMS, 'lims'), hostname: 'lims-2' });
    next(on);
    expect(on.printer.peer.jobs().at(-1)?.from).toEqual({ fingerprint: LIMS, hostname: 'lims-2' });
  });

  test('is one of several, and does not outlive its own end for those beside it', () => {
    const on = travelled();
    const devices = Array.from({ length: 20 }, (_, n) => `zebra-${n}`);
    for (const device of devices) on.stage.sessions.provide(on.printer.session, device, ['print']);
    const askEach = (from: number): string[] =>
      devices.map((device, n) => {
        const before = on.printer.peer.jobs().length;
        on.stage.request(on.lims, { address: { ...ADDRESS, device } }, from + n);
        if (on.printer.peer.jobs().length > before) on.stage.respond(on.printer);
        return on.lims.peer.outcomes(from + n)[0]?.code ?? on.printer.peer.jobs().at(-1)?.device ?? '';
      });
    expect([askEach(100), askEach(200)]).toEqual([devices, devices]);
    on.stage.sessions.withdraw(on.printer.session, 'zebra-7');
    expect(askEach(300)).toEqual(devices.map((device) => (device === 'zebra-7' ? 'not_found' : device)));
  });

  test('is no way for another sender', () => {
    const on = travelled();
    const other = on.stage.connect('qc1other');
    on.stage.request(other, { address: ADDRESS }, 3);
    expect(other.peer.outcomes(3)[0]?.code).toBe('forbidden');
  });
});
