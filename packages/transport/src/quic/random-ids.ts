import { randomFillSync } from 'node:crypto';
import { CONNECTION_ID_BYTES } from './packet-header.ts';

const IDS_AT_A_TIME = 256;

let pool = new Uint8Array(0);
let used = 0;

/** A fresh connection id. Drawn many at a time: asking the system for eight bytes costs as much as for thousands. */
export function randomId(): Uint8Array {
  if (used >= pool.length) {
    pool = randomFillSync(new Uint8Array(IDS_AT_A_TIME * CONNECTION_ID_BYTES));
    used = 0;
  }
  const id = pool.slice(used, used + CONNECTION_ID_BYTES);
  used += CONNECTION_ID_BYTES;
  return id;
}
