import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeDeliver,
  decodeRequest,
  decodeStages,
  encodeDeliver,
  encodeRequest,
  encodeStages,
  PackedWriter,
  stageSetOf,
  type Address,
} from '@qconn/protocol';
import { expectRefusal } from './refusal.ts';
import { frameOf, frameWith } from './specimens.ts';

const NOTHING = new Uint8Array(0);
const DURATIONS = { resolutionMs: 1_000, jobMs: 1_000 };
const KEYS = { idempotencyKey: undefined, stickyKey: undefined };
const writer = new PackedWriter();

/** Names that begin alike, end alike, or are the same in another place. */
const ADDRESSES: readonly Address[] = [
  { serviceType: 'print' },
  { serviceType: 'print', machine: 'pc' },
  { serviceType: 'print', device: 'pc' },
  { serviceType: 'print', machine: 'pc', device: 'pc' },
  { serviceType: 'print', machine: 'pc-2' },
  { serviceType: 'print.pc' },
  { serviceType: 'p', machine: 'rint' },
];

function requestTo(address: Address): Uint8Array {
  const fields = { address, ...DURATIONS, ...KEYS, waitForTarget: false, inquiry: false };
  return encodeRequest(writer, 1, { ...fields, headers: NOTHING, body: NOTHING });
}

describe('names that were read or written the last time', () => {
  test.each([
    ['Request', (address: Address) => decodeRequest(frameOf(requestTo(address))).address],
    [
      'Deliver',
      ({ serviceType, machine, device = 'd' }: Address) => {
        const from = { fingerprint: machine ?? 'f', hostname: machine };
        const rest = { idempotencyKey: undefined, redelivered: false, inquiry: false, headers: NOTHING, body: NOTHING };
        const frame = encodeDeliver(writer, 1, { from, serviceType, device, jobMs: 1, ...rest });
        const read = decodeDeliver(frameOf(frame));
        expect(read.from).toEqual(from);
        return { serviceType: read.serviceType, machine, device: device === 'd' ? undefined : read.device };
      },
    ],
    [
      'Stages',
      ({ serviceType, machine, device }: Address) => {
        const target = { fingerprint: serviceType, hostname: machine ?? '', device: device ?? '' };
        const frame = encodeStages(writer, 1, stageSetOf([{ stage: 'resolved', at: 1, target }]));
        expect(decodeStages(frameOf(frame)).reports).toEqual([{ stage: 'resolved', at: 1, target }]);
        return { serviceType, machine, device };
      },
    ],
  ])('are never taken for others: %s', (_name, roundTrip) => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ADDRESSES), { minLength: 2, maxLength: 20 }), (addresses) => {
        for (const address of addresses) expect(roundTrip(address)).toEqual(address);
      }),
      { numRuns: 100 },
    );
  });

  test('are given as the same object while they are known, also with others between', () => {
    const read = (device: string): Address =>
      decodeRequest(frameOf(requestTo({ serviceType: 'print', machine: 'pc', device }))).address;
    const [first, second] = [read('zebra-1'), read('zebra-2')];
    expect([read('zebra-1') === first, read('zebra-2') === second, read('zebra-1') === first]).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('do not hide that a part is empty now, which was absent then', () => {
    requestTo({ serviceType: 'print' });
    expectRefusal('bad_address', () => requestTo({ serviceType: 'print', machine: '' }));
    expectRefusal('bad_address', () => requestTo({ serviceType: 'print', device: '' }));
  });

  test('are read anew behind names that could not be read', () => {
    const good = frameOf(requestTo({ serviceType: 'print', machine: 'pc' }));
    expect(decodeRequest(good).address).toEqual({ serviceType: 'print', machine: 'pc' });
    const bent = Uint8Array.from(good.control);
    bent[1] = 0x50;
    const again = (): unknown => decodeRequest(frameWith('Request', bent));
    expectRefusal('bad_frame', again);
    expectRefusal('bad_frame', again);
    expect(decodeRequest(good).address).toEqual({ serviceType: 'print', machine: 'pc' });
  });

  test('are not found where the frame is cut', () => {
    const { control } = frameOf(requestTo({ serviceType: 'print', machine: 'pc', device: 'zebra-1' }));
    expect(() => decodeRequest(frameWith('Request', control))).not.toThrow();
    for (let length = 0; length < control.length; length += 1)
      expectRefusal('bad_frame', () => decodeRequest(frameWith('Request', control.subarray(0, length))));
  });

  test('live on when the memory that they were read from is written over', () => {
    const frame = frameOf(Uint8Array.from(requestTo({ serviceType: 'print', machine: 'pc' })));
    const { address } = decodeRequest(frame);
    frame.control.fill(0x61);
    expect(address).toEqual({ serviceType: 'print', machine: 'pc' });
    expect(decodeRequest(frameOf(requestTo({ serviceType: 'print', machine: 'pc' }))).address).toEqual(address);
  });
});
