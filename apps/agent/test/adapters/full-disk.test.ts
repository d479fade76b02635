import { join } from 'node:path';
import { runOnSmallDisk } from '@qconn/testkit';
import { expect, test } from 'vitest';

test.runIf(process.platform === 'linux')(
  'a full disk refuses a job for a folder with its reason, and leaves no half file; so does a read-only one',
  async () => {
    const { how, result } = await runOnSmallDisk(join(import.meta.dirname, '../programs/full-disk.ts'));
    const isTmpfs = how === 'tmpfs';
    if (!isTmpfs) console.warn(`No tmpfs can be mounted here: the disk was a ${how}, and was not made read-only.`);
    const why = isTmpfs ? 'cannot be written: the disk is full' : 'cannot be written: a file may not become that large';
    expect(result).toEqual({
      full: { outcome: `rejected: file SPOOL ${why}.`, files: [] },
      freed: { outcome: 'done', files: ['label'] },
      readOnly: isTmpfs && {
        outcome: 'rejected: file SPOOL cannot be written: the file system is read-only.',
        files: ['label'],
      },
    });
  },
);
