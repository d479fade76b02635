import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@qconn/clock';
import { IDEMPOTENCY_TTL_MS } from '@qconn/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Settled } from '../../src/exchange/settled.ts';
import { JobJournal } from '../../src/journal/job-journal.ts';

let folder: string;
let path: string;
let clock: ManualClock;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qconn-journal-'));
  path = join(folder, 'jobs.journal');
  clock = new ManualClock();
});

afterEach(() => rm(folder, { recursive: true }));

function answer(text: string): Settled {
  return { response: { headers: Uint8Array.of(1), body: new TextEncoder().encode(text) } };
}

/** What a new run of the program would know, in words. */
async function known(): Promise<Record<string, string>> {
  const { journal, remembered } = await JobJournal.open(path, clock);
  await journal.close();
  return Object.fromEntries(
    remembered.map(({ key, settled }) => [
      key,
      'response' in settled ? Buffer.from(settled.response.body).toString() : settled.outcome.code,
    ]),
  );
}

test('what has ended is known to the next run, what ran is unknown, what was refused is not there', async () => {
  const { journal, remembered } = await JobJournal.open(path, clock);
  expect(remembered).toEqual([]);
  await journal.began('a');
  await journal.ended('a', answer('printed'));
  await journal.began('b');
  await journal.began('c');
  await journal.forgot('c');
  await journal.began('d');
  await journal.ended('d', { outcome: { code: 'handler_failed', reason: 'jam', retryAfterMs: 0 } });
  // As after a power cut: the file is not closed.
  expect(await known()).toEqual({ a: 'printed', b: 'result_unknown', d: 'handler_failed' });
  expect(await known()).toEqual({ a: 'printed', b: 'result_unknown', d: 'handler_failed' });
  await journal.close();
});

test('only its owner may read it', async () => {
  const { journal } = await JobJournal.open(path, clock);
  await journal.close();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await writeFile(join(folder, 'open'), '', { mode: 0o644 });
  await expect(JobJournal.open(join(folder, 'open'), clock)).rejects.toMatchObject({ code: 'credential_exposed' });
  await expect(JobJournal.open(join(folder, 'none', 'x'), clock)).rejects.toMatchObject({ code: 'journal_unusable' });
});

test('cut at any byte, it knows what stood whole before the cut, and goes on from there', async () => {
  const { journal } = await JobJournal.open(path, clock);
  const ends: number[] = [];
  for (const key of ['a', 'b', 'c']) {
    await journal.began(key);
    await journal.ended(key, answer(key));
    ends.push((await stat(path)).size);
  }
  await journal.close();
  const whole = await readFile(path);
  for (let cut = 0; cut <= whole.length; cut += 7) {
    await writeFile(path, whole.subarray(0, cut));
    const completed = ends.filter((end) => end <= cut).length;
    const found = await known();
    expect(Object.values(found).filter((state) => state !== 'result_unknown')).toHaveLength(completed);
    const { journal: next } = await JobJournal.open(path, clock);
    await next.ended('later', answer('later'));
    await next.close();
    expect(await known()).toMatchObject({ ...found, later: 'later' });
  }
});

test('a line that is damaged costs that line alone', async () => {
  const { journal } = await JobJournal.open(path, clock);
  for (const key of ['a', 'b', 'c']) await journal.ended(key, answer(key));
  await journal.close();
  const lines = (await readFile(path, 'utf8')).split('\n');
  lines[1] = lines[1]?.replace('"kind"', '\u0000kind"') ?? '';
  await writeFile(path, lines.join('\n'));
  expect(await known()).toEqual({ a: 'a', c: 'c' });
});

test('a key dies after an hour, also over restarts, whatever became of its job', async () => {
  const { journal } = await JobJournal.open(path, clock);
  await journal.ended('a', answer('a'));
  await journal.began('b');
  await journal.close();
  clock.advance(IDEMPOTENCY_TTL_MS - 1);
  expect(await known()).toEqual({ a: 'a', b: 'result_unknown' });
  clock.advance(1);
  expect(await known()).toEqual({});
});

test('the file is written anew when it has grown, and keeps what lives', async () => {
  const { journal } = await JobJournal.open(path, clock);
  await journal.began('runs on');
  await journal.ended('old', answer('old'));
  clock.advance(IDEMPOTENCY_TTL_MS);
  const body = 'x'.repeat(20_000);
  for (let n = 0; n < 120; n++) await journal.ended(`job ${n % 10}`, answer(`${n} ${body}`));
  await journal.ended('last', answer('last'));
  await journal.close();
  // 120 answers of 27 kB were written; those of 10 keys live.
  expect((await stat(path)).size).toBeLessThan(1.5 * 1024 * 1024);
  const found = await known();
  expect(Object.keys(found).toSorted()).toEqual([...Array.from({ length: 10 }, (_, n) => `job ${n}`), 'last']);
  expect(found['job 9']).toBe(`119 ${body}`);
});

test('many at once share writes, and each is there when its promise resolves', async () => {
  const { journal } = await JobJournal.open(path, clock);
  await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      await journal.began(`job ${n}`);
      await journal.ended(`job ${n}`, answer(`${n}`));
    }),
  );
  expect(Object.keys(await known())).toHaveLength(200);
  await journal.close();
});

test('a disk that takes no more is told, and what was written before stays', async () => {
  const { journal } = await JobJournal.open(path, clock);
  await journal.ended('a', answer('a'));
  await journal.close();
  await expect(journal.began('b')).rejects.toMatchObject({ code: 'journal_unusable' });
  expect(await known()).toEqual({ a: 'a' });
  await truncate(path, 3);
  expect(await known()).toEqual({});
});
