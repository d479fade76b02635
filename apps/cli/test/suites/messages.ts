import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, QconnError, type Client } from '@qconn/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Admin } from './admin.ts';

export function messagesSuite(admin: () => Admin): void {
  describe('messages', () => {
    let provider: Client;
    let sender: string;
    const received: string[] = [];

    beforeAll(async () => {
      sender = await admin().machine('sender', 'lims');
      provider = await connect({ credentials: await admin().machine('printer-pc', 'printer'), agent: 'test/1' });
      await provider.connected({ phase: 'online' });
      await provider.provide({ device: 'zebra-1', serviceTypes: ['print'] }, (job) => {
        received.push(Buffer.from(job.body).toString());
        job.progress('half way');
        if (job.headers['fail'] === 'rejected') throw new QconnError('rejected', 'out of \u{1B}[31mlabels');
        if (job.headers['fail'] === 'thrown') throw new Error('jammed');
        if (job.headers['hang'] !== undefined)
          return new Promise((_resolve, reject) =>
            job.signal.addEventListener('abort', () => reject(new Error('stopped'))),
          );
        return { body: 'printed', headers: { pages: '1' } };
      });
    });
    afterAll(() => provider?.close());

    const send = (...argv: string[]) => admin().run(['send', ...argv, '--credentials', sender]);

    test('the timeline is told as it happens, and the reply is standard output', async () => {
      const { code, out, err } = await admin().run(
        ['send', 'print@printer-pc/zebra-1', '-', '--credentials', sender, '--header', 'copies=2'],
        { stdin: '^XA^XZ' },
      );
      expect(code, err).toBe(0);
      expect(out).toBe('printed');
      expect(received.at(-1)).toBe('^XA^XZ');
      const lines = err.split('\n').map((line) => line.replace(/^ *[\d.]+ ms */, '').trim());
      expect(lines.slice(0, 4)).toEqual([
        'accepted',
        expect.stringMatching(/^resolved +printer-pc \/ zebra-1$/),
        'forwarded',
        'acknowledged',
      ]);
      expect(err).toContain('progress: half way');
      expect(err).toContain('pages: 1');
    });

    test('--json: one object a line, with the reply', async () => {
      const { code, out } = await send('print', '--body', 'x', '--json');
      expect(code).toBe(0);
      const events = out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(events.map(({ event, stage }) => stage ?? event)).toEqual(
        expect.arrayContaining(['accepted', 'acknowledged', 'progress', 'reply']),
      );
      expect(events.at(-1)).toEqual({
        event: 'reply',
        headers: { pages: '1' },
        bytes: 7,
        bodyBase64: Buffer.from('printed').toString('base64'),
      });
    });

    test('qconn job tells what became of a message with a key', async () => {
      const job = (...argv: string[]) => admin().run(['job', ...argv, '--credentials', sender]);
      const to = 'print@printer-pc/zebra-1';
      expect(await job(to, 'order-1')).toMatchObject({ code: 3, err: expect.stringContaining('not known') });
      await send(to, '--body', 'x', '--key', 'order-1');
      expect(await job(to, 'order-1')).toMatchObject({ code: 0, out: 'printed' });
      await send(to, '--body', 'x', '--key', 'order-2', '--header', 'fail=thrown');
      const failed = await job(to, 'order-2', '--json');
      expect(failed.code).toBe(4);
      expect(JSON.parse(failed.out)).toMatchObject({ state: 'failed', error: { message: 'jammed' } });
      expect((await job('print', 'order-1')).err).toContain('name it in the address');
    });

    test('the hub remembers what has ended, and shows it stage by stage', async () => {
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      await send('print', '--body', 'x', '--header', `traceparent=${traceparent}`);
      const listed = await admin().run([
        'exchanges',
        '--trace',
        traceparent.slice(3, 35),
        '--from',
        'sender',
        '--json',
      ]);
      const [item] = (JSON.parse(listed.out) as { items: { id: string }[] }).items;
      expect(item).toMatchObject({ to: { hostname: 'printer-pc', device: 'zebra-1' }, outcome: 'completed' });
      const shown = await admin().run(['exchange', item?.id ?? '']);
      expect(shown.out).toMatch(/acknowledged +\S+Z {2}\+\d+ ms/);
      expect((await admin().run(['exchanges', '--to', 'printer-pc', '--limit', '1'])).out).toContain('completed');
      expect(await admin().run(['exchange', '999999'])).toMatchObject({ code: 1 });
    });

    describe('over 64 KiB', () => {
      const takeBack: (() => Promise<void>)[] = [];
      beforeAll(async () => {
        takeBack.push(
          await provider.provide({ device: 'store', serviceTypes: ['print'] }, async (job) => {
            if (job.headers['fail'] === 'halfway') return { body: breakingOff() };
            const hash = createHash('sha256');
            let bytes = 0;
            for await (const piece of job.stream) {
              bytes += piece.length;
              hash.update(piece);
            }
            if (job.headers['want'] === undefined) return `${job.streamed} ${bytes} ${hash.digest('hex')}`;
            return new Blob([new Uint8Array(Number(job.headers['want'])).fill(0x61)]).stream();
          }),
        );
        takeBack.push(await provider.provide({ device: 'mirror', serviceTypes: ['print'] }, (job) => job.stream));
      });
      afterAll(() => Promise.all(takeBack.map((take) => take())));

      test('a file and a pipe of 3 MB are streamed, and arrive whole', async () => {
        const content = randomBytes(3_000_000);
        const file = join(admin().configFolder, 'large');
        await writeFile(file, content);
        const said = `true 3000000 ${createHash('sha256').update(content).digest('hex')}`;
        expect(await send('print/store', file)).toMatchObject({ code: 0, out: said });
        const piped = await admin().run(['send', 'print/store', '--credentials', sender], { stdin: content });
        expect(piped).toMatchObject({ code: 0, out: said });
      });

      test('a streamed reply goes to standard output or a file, whole or not at all', async () => {
        const out = join(admin().configFolder, 'large-reply');
        const bytes = (await send('print/store', '--body', 'x', '--header', 'want=200000')).out;
        expect(bytes).toBe('a'.repeat(200_000));
        expect(await send('print/store', '--body', 'x', '--header', 'want=200000', '--out', out)).toMatchObject({
          code: 0,
        });
        expect(await readFile(out, 'utf8')).toBe(bytes);
        const cut = await send('print/store', '--body', 'x', '--header', 'fail=halfway', '--out', `${out}-2`);
        expect(cut).toMatchObject({ code: 4 });
        expect(cut.err).toContain('body_cut');
        await expect(readFile(`${out}-2`)).rejects.toThrow('ENOENT');
      });

      test('what is streamed can be answered while it comes', async () => {
        const content = randomBytes(1_500_000);
        const out = join(admin().configFolder, 'mirrored');
        const { code, err } = await admin().run(['send', 'print/mirror', '--out', out, '--credentials', sender], {
          stdin: content,
        });
        expect(code, err).toBe(0);
        expect((await readFile(out)).equals(content)).toBe(true);
      });
    });

    test('--out writes the reply to a file', async () => {
      const out = join(admin().configFolder, 'reply');
      expect(await send('print', '--body', 'x', '--out', out)).toMatchObject({ code: 0, out: '' });
      expect(await readFile(out, 'utf8')).toBe('printed');
    });

    test.each([
      ['scale.read', [], 3, 'forbidden', 'safe: it was not run'],
      ['print@nobody', [], 3, 'not_found', 'safe: it was not run'],
      ['print@printer-pc/none', [], 3, 'not_found', 'safe: it was not run'],
      ['print@printer-pc', ['--header', 'fail=rejected'], 3, 'rejected', 'safe: it was not run'],
      ['print@printer-pc', ['--header', 'fail=thrown'], 4, 'handler_failed', 'not safe: it may have been run'],
      [
        'print@printer-pc',
        ['--header', 'fail=thrown', '--key', 'k-1'],
        4,
        'handler_failed',
        'safe with the same --key',
      ],
      ['print@printer-pc', ['--header', 'hang=1', '--deadline', '50ms'], 4, 'deadline_exceeded', 'not safe'],
    ])(
      '%s %j fails with %i, says why and whether it may be sent again',
      async (address, more, exit, outcome, again) => {
        const { code, err } = await send(address, '--body', 'x', ...more);
        expect(err).toContain(`  code: ${outcome}\n  send it again: ${again}`);
        expect(err).toContain('  what to do: ');
        expect(err).not.toContain('\u{1B}');
        expect(code).toBe(exit);
      },
    );

    test('a failure in JSON', async () => {
      const { out } = await send('print@nobody', '--body', 'x', '--json');
      expect(JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
        event: 'failed',
        code: 'not_found',
        retrySafe: true,
      });
    });

    test('Ctrl-C cancels', async () => {
      let interrupt = (): void => undefined;
      const watch = (err: string): void => void (err.includes('acknowledged') && interrupt());
      const argv = ['send', 'print@printer-pc', '--body', 'x', '--header', 'hang=1', '--credentials', sender];
      const ran = await admin().run(argv, { watch, interruptible: (stop) => (interrupt = stop) });
      expect(ran).toMatchObject({ code: 130, err: expect.stringContaining('code: cancelled') });
    });

    test('a machine that nobody has approved is told its code', async () => {
      const folder = await admin().pending('waiting');
      const { code, err } = await admin().run(['send', 'print', '--body', 'x', '--credentials', folder]);
      expect(code).toBe(3);
      expect(err).toMatch(/qconn approve [A-Z0-9]{4}-[A-Z0-9]{4} --roles/);
    });

    test('a revoked machine and a missing credential end at once', async () => {
      const folder = await admin().machine('gone', 'lims');
      await admin().ok('revoke', 'gone', '--yes');
      expect(await admin().run(['send', 'print', '--body', 'x', '--credentials', folder])).toMatchObject({
        code: 3,
        err: expect.stringContaining('code: revoked'),
      });
      expect((await admin().run(['send', 'print', '--body', 'x', '--credentials', '/nowhere'])).err).toContain(
        'code: credential_missing',
      );
    });

    test('a hub that does not answer ends within the resolution deadline, with the reason', async () => {
      const folder = await admin().pending('unheard');
      const file = join(folder, 'credential.json');
      const deaf = createSocket('udp4').bind(0, '127.0.0.1');
      await once(deaf, 'listening');
      const credential = JSON.parse(await readFile(file, 'utf8')) as { hub: { quic: unknown } };
      credential.hub.quic = [{ host: '127.0.0.1', port: deaf.address().port }];
      await writeFile(file, JSON.stringify(credential));
      const argv = ['send', 'print', '--body', 'x', '--credentials', folder, '--resolution'];
      // One that may wait for longer waits when this one has ended.
      let interrupt = (): void => undefined;
      const patient = admin().run([...argv, '1h'], { interruptible: (stop) => (interrupt = stop) });
      const { code, err } = await Promise.race([admin().run([...argv, '500ms']), patient]);
      interrupt();
      expect(await patient).toMatchObject({ code: 130 });
      expect({ code, err }).toMatchObject({ code: 3, err: expect.stringContaining('code: unreachable') });
      deaf.close();
      const refused = await admin().run([...argv, '500ms']);
      expect(refused.err).toContain('(UDP): ');
      expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('code: unreachable') });
    });

    test('query and sessions show the device', async () => {
      const query = await admin().run(['query', 'print', '--credentials', sender]);
      expect(query).toMatchObject({ code: 0, out: expect.stringMatching(/^printer-pc +online +zebra-1 +print$/m) });
      expect(await admin().ok('sessions')).toMatch(/^printer-pc +authorized .* zebra-1: print$/m);
    });

    test('query --offline shows who should provide it and does not', async () => {
      await admin().machine('printer-2', 'printer');
      const query = await admin().run(['query', 'print', '--offline', '--credentials', sender]);
      expect(query).toMatchObject({ code: 0, out: expect.stringMatching(/^printer-2 +offline +– +print$/m) });
    });

    test('watch shows what is there, then what comes and goes, until Ctrl-C', async () => {
      let interrupt = (): void => undefined;
      let took: Promise<() => Promise<void>> | undefined;
      const watchOut = (out: string): void => {
        if (out.includes('1 online now'))
          took ??= provider.provide({ device: 'zebra-9', serviceTypes: ['print'] }, () => undefined);
        if (/online .*zebra-9/.test(out)) void took?.then((takeBack) => takeBack());
        if (/offline .*zebra-9 .*withdrawn/.test(out)) interrupt();
      };
      const argv = ['watch', 'print', '--machine', 'printer-*', '--credentials', sender];
      const ran = await admin().run(argv, { watchOut, interruptible: (stop) => (interrupt = stop) });
      expect(ran).toMatchObject({
        code: 0,
        out: expect.stringMatching(/Z {2}online {3}printer-pc\/zebra-9 {2}print$/m),
      });
    });
  });
}

async function* breakingOff(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(100_000);
  throw new Error('The tape broke.');
}
