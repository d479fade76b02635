import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { apiOperations } from '../../apps/hub/src/http/operations.ts';
import { Invocation } from '../../apps/cli/src/invocation.ts';
import { program } from '../../apps/cli/src/program.ts';

/** What an administrator types for each thing that the API can be asked for. */
const COMMANDS: Readonly<Record<string, string>> = {
  'GET /healthz': 'hub',
  'GET /readyz': 'hub',
  'GET /metrics': 'metrics',
  'GET /v1/hub': 'hub',
  'GET /v1/whoami': 'whoami',
  'POST /v1/enroll': 'enroll',
  'POST /v1/bootstrap': 'login',
  'POST /v1/tokens': 'token create',
  'GET /v1/tokens': 'token list',
  'DELETE /v1/tokens/:id': 'token revoke',
  'GET /v1/machines': 'machines',
  'GET /v1/machines/:machine': 'machine',
  'POST /v1/machines/:machine/approve': 'approve',
  'PUT /v1/machines/:machine/rights': 'rights',
  'POST /v1/machines/:machine/revoke': 'revoke',
  'GET /v1/roles': 'roles',
  'GET /v1/roles/:name': 'role show',
  'PUT /v1/roles/:name': 'role put',
  'DELETE /v1/roles/:name': 'role delete',
  'POST /v1/roles/plan': 'apply',
  'PUT /v1/roles': 'apply',
  'POST /v1/keys': 'key create',
  'GET /v1/keys': 'keys',
  'DELETE /v1/keys/:id': 'key revoke',
  'GET /v1/sessions': 'sessions',
  'GET /v1/exchanges': 'exchanges',
  'GET /v1/exchanges/:id': 'exchange',
  'GET /v1/ca': 'ca status',
  'POST /v1/ca/prepare': 'ca prepare',
  'POST /v1/ca/activate': 'ca activate',
  'POST /v1/ca/prune': 'ca prune',
  'POST /v1/ca/abort': 'ca abort',
  'POST /v1/ca/renew-issuing': 'ca renew-issuing',
  'GET /v1/certificates': 'certs',
  'GET /v1/certificates/:serial': 'cert show',
  'POST /v1/certificates/:serial/revoke': 'cert revoke',
  'GET /v1/explain': 'explain',
  'GET /v1/audit': 'audit',
  'GET /v1/audit/verify': 'audit verify',
  'GET /v1/config': 'config show',
  'POST /v1/config/reload': 'config reload',
};

/** For browsers and programs, for those who check certificates without the hub, for machines that come back after expiry. */
const WITHOUT_COMMAND = ['GET /openapi.json', 'GET /docs', 'GET /crl.pem', 'POST /v1/recover'];

test('every endpoint has a command', () => {
  const operations = apiOperations()
    .map(({ method, path }) => `${method} ${path}`)
    .filter((operation) => !WITHOUT_COMMAND.includes(operation));
  const compare = (a: string, b: string): number => (a < b ? -1 : 1);
  expect(Object.keys(COMMANDS).toSorted(compare)).toEqual(operations.toSorted(compare));
});

test.each([...new Set(Object.values(COMMANDS))])('qconn %s exists, and says what it does', (words) => {
  const silent = { write: () => true };
  const root = program(
    new Invocation({
      stdout: silent,
      stderr: silent,
      stdin: new PassThrough(),
      env: {},
      now: Date.now,
      onInterrupt: () => () => undefined,
    }),
  );
  const command = words
    .split(' ')
    .reduce<ReturnType<typeof program> | undefined>(
      (at, name) => at?.commands.find((one) => one.name() === name),
      root,
    );
  expect(command?.description()).toMatch(/\w/);
});
