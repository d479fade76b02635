import { join } from 'node:path';
import { runOnSmallDisk } from '@qconn/testkit';
import { expect, test } from 'vitest';

test.runIf(process.platform === 'linux')(
  'a full disk takes neither a renewed credential nor a job, says so, and loses nothing; nor does a read-only one',
  async () => {
    const { how, result } = await runOnSmallDisk(join(import.meta.dirname, 'programs/full-disk.ts'));
    if (how !== 'tmpfs')
      console.warn(`No tmpfs can be mounted here: the disk was a ${how}, and was not made read-only.`);
    expect(result).toEqual({
      before: 'done',
      full: { journal: 'journal_unusable', stage: 'credential_unwritable', usesOld: true },
      freed: { journal: 'done', stage: 'done', usesOld: false },
      keptAll: true,
      readOnly: how === 'tmpfs' && { journal: 'journal_unusable', promote: 'credential_unwritable', loads: 'done' },
    });
  },
);
