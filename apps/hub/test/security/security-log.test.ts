import { readFileSync } from 'node:fs';
import { ManualClock } from '@qconn/clock';
import { beforeEach, describe, expect, test } from 'vitest';
import { SECURITY_EVENTS, type SecurityEvent, type SecurityEventName } from '../../src/security/security-event.ts';
import { SecurityLog } from '../../src/security/security-log.ts';
import { CapturedLog } from '../hub/captured-log.ts';

const ROOT = new URL('../../../../', import.meta.url);
const REFUSED: SecurityEvent = { event: 'api_refused', remote: '192.0.2.7', code: 'unauthenticated' };

let clock: ManualClock;
let log: CapturedLog;
let seen: SecurityEvent[];
let security: SecurityLog;

beforeEach(() => {
  clock = new ManualClock();
  log = new CapturedLog();
  seen = [];
  security = new SecurityLog({
    clock,
    log: log.logger.child({ log: 'security' }, { level: 'info' }),
    observers: [(event) => seen.push(event)],
  });
});

describe('a line', () => {
  test('has the event, the address, the reason, who it was and what was asked, and nothing else', () => {
    security.tell({ ...REFUSED, port: 4711, actor: 'key:1', route: 'GET /v1/machines' });
    expect(log.lines).toEqual([
      {
        level: 'warn',
        time: expect.any(String) as string,
        component: 'hub',
        log: 'security',
        event: 'api_refused',
        remote: '192.0.2.7',
        port: 4711,
        code: 'unauthenticated',
        actor: 'key:1',
        route: 'GET /v1/machines',
        msg: SECURITY_EVENTS.api_refused.message,
      },
    ]);
  });

  test('shows an IPv4 address as firewalls know it', () => {
    security.tell({ ...REFUSED, remote: '::ffff:192.0.2.7' });
    security.tell({ ...REFUSED, remote: '2001:db8::ffff:1' });
    expect(log.lines.map(({ remote }) => remote)).toEqual(['192.0.2.7', '2001:db8::ffff:1']);
  });

  test('is written whatever the level of the rest of the log is', () => {
    log.logger.level = 'silent';
    security.tell(REFUSED);
    security.tell({ event: 'session_authenticated', remote: '192.0.2.7' });
    expect(log.lines).toHaveLength(2);
  });
});

describe('a flood', () => {
  test('of one source becomes ten lines and one a minute that counts the rest; everything is observed', () => {
    for (let n = 0; n < 100_000; n++) security.tell(REFUSED);
    expect(log.lines).toHaveLength(11);
    expect(log.lines[10]).toMatchObject({ suppressed: 1 });
    clock.advance(5_000);
    security.tell(REFUSED);
    expect(log.lines).toHaveLength(11);
    for (let n = 0; n < 20; n++) security.tell(REFUSED);
    clock.advance(60_000);
    for (let n = 0; n < 20; n++) security.tell(REFUSED);
    const suppressed = log.lines.slice(11).flatMap((line) => (line['suppressed'] as number | undefined) ?? []);
    expect(suppressed[0]).toBeGreaterThan(99_000);
    expect(seen).toHaveLength(100_041);
  });

  test('of one source leaves others their lines, and other events of its own', () => {
    for (let n = 0; n < 1_000; n++) security.tell(REFUSED);
    const before = log.lines.length;
    security.tell({ ...REFUSED, remote: '192.0.2.8' });
    security.tell({ ...REFUSED, event: 'enrolment_refused' });
    expect(log.lines).toHaveLength(before + 2);
  });

  test('of many sources takes no memory without end, and no lines without end', () => {
    for (let n = 0; n < 50_000; n++)
      security.tell({ ...REFUSED, remote: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}` });
    expect(log.lines.length).toBeLessThan(10_100);
  });

  test('of honest requests with one key is a line a minute', () => {
    for (let n = 0; n < 500; n++) security.tell({ event: 'api_authenticated', remote: '192.0.2.7', actor: 'key:1' });
    security.tell({ event: 'api_authenticated', remote: '192.0.2.7', actor: 'key:2' });
    expect(log.lines.map(({ actor, repeated }) => [actor, repeated])).toEqual([
      ['key:1', undefined],
      ['key:1', 1],
      ['key:2', undefined],
    ]);
  });
});

test('docs/operations.md lists every event', () => {
  const document = readFileSync(new URL('docs/operations.md', ROOT), 'utf8');
  const rows = [...document.matchAll(/^\| `(\w+)` \| (info|warn) \| (.*?) \|/gm)].map(([, name, level, text]) => [
    name,
    level,
    text,
  ]);
  expect(rows).toEqual(Object.entries(SECURITY_EVENTS).map(([name, { level, message }]) => [name, level, message]));
});

describe('the filter for fail2ban', () => {
  const filter = readFileSync(new URL('deploy/fail2ban/filter.d/qconn-hub.conf', ROOT), 'utf8');
  const expression = /^failregex = (.*)$/m.exec(filter)?.[1] ?? '';
  // <HOST> as fail2ban has it, without names: it resolves none here.
  const failregex = new RegExp(expression.replace('<HOST>', '(?<host>[0-9]{1,3}(?:[.][0-9]{1,3}){3}|[0-9a-fA-F:]+)'));
  const hosts = (): (string | undefined)[] =>
    log.lines.map((line) => failregex.exec(withoutTime(JSON.stringify(line)))?.groups?.['host']);
  /** fail2ban takes the date out of a line before it looks further. */
  const withoutTime = (line: string): string => line.replace(/"time":"[^"]*"/, '');

  test('finds the address in real lines of every refusal, of IPv4 and IPv6', () => {
    const refusals: SecurityEventName[] = [
      'api_refused',
      'enrolment_refused',
      'bootstrap_refused',
      'handshake_refused',
      'session_refused',
      'rate_limited',
    ];
    for (const event of refusals) security.tell({ event, remote: '192.0.2.7', port: 1, code: 'x' });
    security.tell({ ...REFUSED, remote: '2001:db8::7' });
    expect(hosts()).toEqual([...refusals.map(() => '192.0.2.7'), '2001:db8::7']);
  });

  test('finds none in what an honest machine or administrator does', () => {
    security.tell({ event: 'session_authenticated', remote: '192.0.2.7' });
    security.tell({ event: 'api_authenticated', remote: '192.0.2.7' });
    security.tell({ event: 'api_forbidden', remote: '192.0.2.7', code: 'forbidden' });
    security.tell({ event: 'message_refused', remote: '192.0.2.7', code: 'forbidden' });
    expect(hosts()).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('is not fooled by what a stranger can have written', () => {
    const forged =
      '{"level":"warn","time":"","component":"hub","log":"security","event":"api_refused","remote":"198.51.100.1",';
    security.tell({ event: 'api_forbidden', remote: '192.0.2.7', actor: forged, route: `GET ${forged}` });
    expect(hosts()).toEqual([undefined]);
  });
});
