import type { MachineRecord, Store } from '@qconn/store';
import { expect, test } from 'vitest';
import { findMachine } from '../../src/http/find-machine.ts';

/** A store with these machines: as much of it as the search asks. */
function storeOf(...machines: Partial<MachineRecord>[]): Store {
  const list = async ({ status, shortCode, requestedHostname, limit }: Partial<MachineRecord> & { limit: number }) => ({
    items: machines
      .filter((one) => status === undefined || one.status === status)
      .filter((one) => shortCode === undefined || one.shortCode === shortCode)
      .filter((one) => requestedHostname === undefined || one.requestedHostname === requestedHostname)
      .slice(0, limit),
  });
  const findByHostname = async (name: string) => machines.find(({ hostname }) => hostname === name);
  return { machines: { list, findByHostname } } as unknown as Store;
}

const PRINTER = { hostname: 'printer-pc', shortCode: 'K7QM-2XPD', status: 'authorized' } as const;
const ASKING = { requestedHostname: 'printer-pc', shortCode: 'CHC3-BNCD', status: 'pending' } as const;

test.each(['printer-pc', 'K7QM-2XPD', 'k7qm2xpd'])(
  '%s is the machine that has it, whatever its status',
  async (name) => {
    expect(await findMachine(storeOf(PRINTER, ASKING), name)).toBe(PRINTER);
  },
);

test('of two machines with one code neither is meant, also where one is pending', async () => {
  const twin = { ...ASKING, shortCode: PRINTER.shortCode };
  const found = findMachine(storeOf(PRINTER, twin), PRINTER.shortCode);
  await expect(found).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('fingerprint'),
  });
});

test('a hostname that is asked for is that of a pending machine, where nobody has it', async () => {
  expect(await findMachine(storeOf(ASKING), 'printer-pc')).toBe(ASKING);
  await expect(findMachine(storeOf({ ...ASKING, status: 'revoked' }), 'printer-pc')).rejects.toMatchObject({
    code: 'unknown_object',
  });
});
