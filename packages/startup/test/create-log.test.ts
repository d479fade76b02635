import { Writable } from 'node:stream';
import { QconnError } from '@qconn/protocol';
import { createLog, type Logger, type LogOptions } from '@qconn/startup';
import { expect, test } from 'vitest';

const TOKEN = 'qt1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0s';

function capture(options: Partial<LogOptions> = {}, isTTY = false): { log: Logger; text: () => string } {
  const chunks: string[] = [];
  const destination = Object.assign(
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        chunks.push(chunk.toString());
        done();
      },
    }),
    { isTTY },
  );
  return { log: createLog({ component: 'hub', destination, ...options }), text: () => chunks.join('') };
}

test('writes JSON lines when nobody watches', () => {
  const { log, text } = capture();
  log.info({ machine: 'qc1a' }, 'session opened');
  log.debug('not at this level');
  const line = JSON.parse(text()) as Record<string, unknown>;
  expect(line).toEqual({
    level: 'info',
    time: expect.any(String),
    component: 'hub',
    machine: 'qc1a',
    msg: 'session opened',
  });
  expect(new Date(line['time'] as string).getTime()).toBeGreaterThan(1.7e12);
});

test('writes for people on a terminal', () => {
  const { log, text } = capture({}, true);
  log.warn({ machine: 'qc1a' }, 'slow reader');
  expect(text()).toMatch(/hub: slow reader/);
  expect(text()).toMatch(/WARN/);
  expect(() => JSON.parse(text())).toThrow();
});

test('tells people of an error in lines: what happened, because of what, what to do', () => {
  const { log, text } = capture({ format: 'pretty' });
  const err = new QconnError('database_unavailable', 'The database does not answer.', {
    cause: new Error('ECONNREFUSED'),
  });
  log.error({ err, tries: 3 }, 'resync failed');
  expect(text().split('\n').slice(0, 5)).toEqual([
    expect.stringMatching(/ERROR.*hub: resync failed$/),
    '    The database does not answer.',
    '    because: ECONNREFUSED',
    '    what to do: Check DATABASE_URL and the server; with the embedded one, the data folder.',
    expect.stringMatching(/^ {4}code: database_unavailable.*"tries":3/),
  ]);
});

test('tells people of a fault of ours with its stack, and repeats no message', () => {
  const { log, text } = capture({ format: 'pretty' });
  log.error(new TypeError('x is undefined'));
  expect(text().match(/x is undefined/g)).toHaveLength(1);
  expect(text()).toMatch(/\n {4}at /);
});

test('obeys a format that is asked for', () => {
  const { log, text } = capture({ format: 'json' }, true);
  log.info('x');
  expect(JSON.parse(text())).toMatchObject({ msg: 'x' });
});

test('writes a QconnError with its code, action, facts and cause, and without its stack', () => {
  const { log, text } = capture();
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  log.error(
    { err: new QconnError('database_unavailable', 'The database does not answer.', { cause, facts: { tries: 3 } }) },
    'resync failed',
  );
  expect(JSON.parse(text())).toMatchObject({
    msg: 'resync failed',
    err: {
      type: 'QconnError',
      code: 'database_unavailable',
      message: 'The database does not answer.',
      action: expect.stringContaining('DATABASE_URL'),
      facts: { tries: 3 },
      cause: { type: 'Error', code: 'ECONNREFUSED', stack: expect.any(String) },
    },
  });
  expect((JSON.parse(text()) as { err: object }).err).not.toHaveProperty('stack');
});

test('what the system refuses is told in its words, and its stack only when debugging', () => {
  const refused = { code: 'ECONNREFUSED', syscall: 'connect' };
  const cause = Object.assign(new Error('connect ECONNREFUSED'), refused);
  for (const level of ['info', 'debug'] as const) {
    const { log, text } = capture({ level });
    log.error({ err: new QconnError('database_unavailable', undefined, { cause }) });
    expect('stack' in (JSON.parse(text()) as { err: { cause: object } }).err.cause).toBe(level === 'debug');
  }
});

test('writes stacks of every error from debug on, and takes an error alone', () => {
  const { log, text } = capture({ level: 'debug' });
  log.error(new QconnError('internal'));
  expect(JSON.parse(text())).toMatchObject({
    err: { code: 'internal', stack: expect.stringContaining('create-log.test') },
  });
});

test('ends with a chain of causes that goes round', () => {
  const error = new Error('a');
  error.cause = error;
  const { log, text } = capture();
  log.error(error);
  expect(text().length).toBeLessThan(20_000);
});

test.each([
  ['in the message', (log: Logger) => log.info(`redeeming ${TOKEN}`)],
  ['in a field', (log: Logger) => log.info({ given: TOKEN }, 'x')],
  ['deep in a field', (log: Logger) => log.info({ request: { body: { list: [TOKEN] } } }, 'x')],
  ['in an error', (log: Logger) => log.error(new Error(`bad ${TOKEN}`))],
  ['in a cause', (log: Logger) => log.error(new Error('x', { cause: new Error(TOKEN) }))],
  ['by a field’s name', (log: Logger) => log.info({ token: TOKEN, request: { password: TOKEN } }, 'x')],
])('hides a secret %s, in both formats', (_where, write) => {
  for (const format of ['json', 'pretty'] as const) {
    const { log, text } = capture({ format });
    write(log);
    expect(text()).toContain('[hidden]');
    expect(text()).not.toContain(TOKEN.slice(3));
  }
});

test('hides passwords in URLs, API keys and secrets by name, and leaves fingerprints', () => {
  const { log, text } = capture();
  log.info(
    {
      url: 'postgres://qconn:horse@db/x',
      key: 'qk_abcdefgh12345678',
      authorization: 'Bearer x',
      of: 'qc1qqqsyqcyq5rqwzqf',
    },
    'x',
  );
  expect(JSON.parse(text())).toMatchObject({
    url: 'postgres://qconn:[hidden]@db/x',
    key: 'qk_[hidden]',
    authorization: '[hidden]',
    of: 'qc1qqqsyqcyq5rqwzqf',
  });
});
