import { QconnError } from '@qconn/protocol';
import { exitCodeOf, reportFailure } from '@qconn/startup';
import { expect, test } from 'vitest';

function reported(error: unknown, debug = false): { text: string; code: number } {
  let text = '';
  const destination = { write: (chunk: string) => (text += chunk) };
  const code = reportFailure(error, { program: 'qconn-hub', debug, destination });
  return { text, code };
}

test('says what happened, because of what, what to do, and the code', () => {
  const cause = new Error('listen EADDRINUSE 0.0.0.0:4433');
  expect(reported(new QconnError('address_in_use', 'UDP 0.0.0.0:4433 is in use.', { cause }))).toEqual({
    text: [
      'qconn-hub: UDP 0.0.0.0:4433 is in use.',
      '  because: listen EADDRINUSE 0.0.0.0:4433',
      '  what to do: Choose another address or stop the other program.',
      '  code: address_in_use',
      '',
    ].join('\n'),
    code: 1,
  });
});

test('shows the stack of a QconnError only when debugging, and of anything else always', () => {
  expect(reported(new QconnError('internal')).text).not.toContain('\n  at ');
  expect(reported(new QconnError('internal'), true).text).toContain('\n  at ');
  expect(reported(new TypeError('x is undefined')).text).toContain('\n  at ');
});

test('takes what is no error', () => {
  expect(reported('gone').text).toContain('qconn-hub: gone');
  expect(reported(undefined).code).toBe(1);
  const cause = { name: 'ErrnoError', errno: 51 };
  expect(reported(new QconnError('internal', 'x', { cause })).text).toContain('ErrnoError');
});

test('says nothing twice', () => {
  const cause = new Error('connect ECONNREFUSED 127.0.0.1:1');
  expect(
    reported(new QconnError('database_unavailable', `No database: ${cause.message}`, { cause })).text,
  ).not.toContain('because');
});

test('hides secrets', () => {
  expect(reported(new Error('cannot log in to postgres://a:horse@db')).text).not.toContain('horse');
});

test('ends with 2 for what has to be written differently', () => {
  expect(exitCodeOf(new QconnError('config_invalid'))).toBe(2);
  expect(exitCodeOf(new QconnError('usage'))).toBe(2);
  expect(exitCodeOf(new QconnError('unreachable'))).toBe(1);
});
