import { join } from 'node:path';
import { systemClock } from '@qconn/clock';
import { CredentialStore, type Credential } from '@qconn/identity';
import { isQconnError } from '@qconn/protocol';
import { createTestPki, SmallDisk } from '@qconn/testkit';
import { JobJournal } from '../../src/journal/job-journal.ts';

const disk = SmallDisk.given();
const pki = await createTestPki();
const { keyPem, chainPem } = await pki.machine();
const old: Credential = {
  privateKeyPem: keyPem,
  chainPem,
  trustBundlePem: [pki.rootPem],
  hub: { quic: [{ host: 'hub.example', port: 1 }], https: 'https://hub.example' },
};
const spare = await pki.machine();
const renewed: Credential = { ...old, privateKeyPem: spare.keyPem, chainPem: spare.chainPem };
const store = new CredentialStore(join(disk.folder, 'machine'));
const path = join(disk.folder, 'jobs.journal');
const answer = { response: { headers: new Uint8Array(0), body: new Uint8Array(2_000) } };

/** What an act ends with. */
async function codeOf(act: Promise<unknown>): Promise<string> {
  return act.then(
    () => 'done',
    (error: unknown) => (isQconnError(error) ? error.code : String(error)),
  );
}

async function usesOld(): Promise<boolean> {
  return (await store.load()).chainPem[0] === old.chainPem[0];
}

await store.save(old);
const { journal } = await JobJournal.open(path, systemClock);
const written: string[] = [];
/** Ends jobs until the disk refuses one: the last block of a file may have room. */
async function endJobs(name: string, most: number): Promise<string> {
  for (let n = 0; n < most; n++) {
    const code = await codeOf(journal.ended(`${name} ${n}`, answer));
    if (code !== 'done') return code;
    written.push(`${name} ${n}`);
  }
  return 'done';
}

const before = await endJobs('before', 3);
disk.fill();
const full = {
  journal: await endJobs('full', 100),
  stage: await codeOf(store.stage(renewed)),
  usesOld: await usesOld(),
};
disk.free();
const freed = {
  journal: await endJobs('after', 3),
  stage: await codeOf(store.stage(renewed)),
  usesOld: await usesOld(),
};
await journal.close();
const { journal: next, remembered } = await JobJournal.open(path, systemClock);
await next.close();
const keptAll = JSON.stringify(remembered.map(({ key }) => key)) === JSON.stringify(written);
const readOnly = disk.setReadOnly() && {
  journal: await codeOf(JobJournal.open(path, systemClock)),
  promote: await codeOf(store.promote()),
  loads: await codeOf(store.load()),
};
console.log(JSON.stringify({ before, full, freed, keptAll, readOnly }));
