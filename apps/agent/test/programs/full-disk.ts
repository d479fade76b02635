import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@qconn/clock';
import { isQconnError } from '@qconn/protocol';
import { SmallDisk } from '@qconn/testkit';
import { FileAdapter } from '../../src/adapters/file.ts';
import { testJob } from '../test-job.ts';

const disk = SmallDisk.given();
const spool = join(disk.folder, 'spool');
mkdirSync(spool);
const adapter = new FileAdapter({ type: 'file', folder: spool, name: 'label' }, { clock: systemClock });

/** What a job ends with, and what lies in the folder then. */
async function handled(): Promise<{ outcome: string; files: string[] }> {
  const outcome = await adapter.handle(testJob({ body: new Uint8Array(20_000) })).then(
    () => 'done',
    (error: unknown) => (isQconnError(error) ? `${error.code}: ${error.message}` : String(error)),
  );
  return { outcome: outcome.replace(spool, 'SPOOL'), files: readdirSync(spool) };
}

disk.fill();
const full = await handled();
disk.free();
const freed = await handled();
const readOnly = disk.setReadOnly() && (await handled());
console.log(JSON.stringify({ full, freed, readOnly }));
