import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '@qconn/clock';
import { BodyStream, type Answer } from '@qconn/client';
import { QconnError } from '@qconn/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { ExecAdapter } from '../../src/adapters/exec.ts';
import { FileAdapter } from '../../src/adapters/file.ts';
import { HttpAdapter } from '../../src/adapters/http.ts';
import { TcpAdapter } from '../../src/adapters/tcp.ts';
import { rejectionOf, testJob } from '../test-job.ts';

const BYTES = 2_000_000;
const PIECE = new Uint8Array(50_000).map((_, index) => index % 249);
const LIMITS = { answerMaxBytes: 4_000_000, timeoutMs: 25_000 };
const dependencies = { clock: systemClock };
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** A job whose body comes in pieces, and may break off. */
function streamedJob(breaksOff = false): ReturnType<typeof testJob> {
  const pieces = async function* (): AsyncGenerator<Uint8Array, void> {
    for (let sent = 0; sent < BYTES; sent += PIECE.length) {
      if (breaksOff && sent > BYTES / 2) throw new QconnError('body_cut');
      yield PIECE;
    }
  };
  return testJob({ streamed: true, stream: new BodyStream(undefined, pieces) });
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const WHOLE = digest(Buffer.concat(Array.from({ length: BYTES / PIECE.length }, () => PIECE)));

/** An answer's body, streamed or not. */
async function bytesOf(answer: Answer): Promise<Buffer> {
  const body = typeof answer === 'object' && 'body' in answer ? answer.body : answer;
  if (body instanceof Uint8Array) return Buffer.from(body);
  const pieces: Uint8Array[] = [];
  for await (const piece of body as AsyncIterable<Uint8Array>) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function listen(server: Server): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('exec', () => {
  const program = (script: string): ExecAdapter =>
    new ExecAdapter(
      { type: 'exec', argv: ['sh', '-c', script], environment: {}, passEnvironment: [], killGraceMs: 2_000, ...LIMITS },
      dependencies,
    );

  test('a streamed job comes through a program and back', async () => {
    expect(digest(await bytesOf(await program('cat').handle(streamedJob())))).toBe(WHOLE);
  });

  test('a program that fails behind a long answer has its answer cut, with its reason', async () => {
    const answer = await program('cat; echo jammed >&2; exit 3').handle(streamedJob());
    expect(await rejectionOf(bytesOf(answer))).toMatchObject({
      code: 'handler_failed',
      message: expect.stringMatching(/exit code 3: jammed/),
    });
  });

  test('a job that breaks off stops the program', async () => {
    expect(await rejectionOf(program('cat >/dev/null').handle(streamedJob(true)))).toMatchObject({
      code: 'handler_failed',
      message: expect.stringMatching(/has not got the whole job/),
    });
  });
});

describe('http', () => {
  const mirror = (): Promise<number> => listen(createHttpServer((request, response) => void request.pipe(response)));
  const adapter = (port: number): HttpAdapter =>
    new HttpAdapter(
      { type: 'http', url: `http://127.0.0.1:${port}/`, headers: {}, connectTimeoutMs: 5_000, ...LIMITS },
      dependencies,
    );

  test('a streamed job goes to a service, and its answer comes back, both as they come', async () => {
    expect(digest(await bytesOf(await adapter(await mirror()).handle(streamedJob())))).toBe(WHOLE);
  });

  test('an answer that breaks off is not taken for a whole one', async () => {
    const port = await listen(
      createHttpServer((request, response) => {
        request.resume();
        response.write(Buffer.alloc(100_000), () => response.destroy());
      }),
    );
    const answer = adapter(port).handle(testJob());
    await expect(answer.then(bytesOf)).rejects.toThrow(Error);
  });
});

test('tcp: a streamed job reaches the device whole', async () => {
  const got: Buffer[] = [];
  const port = await listen(
    createServer((socket) => {
      socket.on('error', () => {}); // A job that breaks off is reset.
      socket.on('data', (chunk) => got.push(chunk));
    }),
  );
  const settings = { host: '127.0.0.1', port, connectTimeoutMs: 5_000, writeTimeoutMs: 5_000, closeTimeoutMs: 5_000 };
  const adapter = new TcpAdapter(
    { type: 'tcp', doneWhen: 'closed', readBack: false, answerMaxBytes: 0, ...settings },
    dependencies,
  );
  await adapter.handle(streamedJob());
  expect(digest(Buffer.concat(got))).toBe(WHOLE);
  expect(await rejectionOf(adapter.handle(streamedJob(true)))).toMatchObject({
    code: 'handler_failed',
    message: expect.stringMatching(/has not got the whole job/),
  });
});

test('file: a streamed job is spooled whole, and one that breaks off leaves nothing', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'qconn-spool-'));
  try {
    const adapter = new FileAdapter({ type: 'file', folder, name: 'job' }, dependencies);
    await adapter.handle(streamedJob());
    expect(digest(readFileSync(path.join(folder, 'job')))).toBe(WHOLE);
    expect(await rejectionOf(adapter.handle(streamedJob(true)))).toMatchObject({ code: 'rejected' });
    expect(readdirSync(folder)).toEqual(['job']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
