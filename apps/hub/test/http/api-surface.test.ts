import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { App } from '../../src/http/app.ts';
import { idleApp, operationsOf, type OpenApi } from './idle-app.ts';

const SECRET = 'qk_notakeybutsecret';
let app: App;
let document: OpenApi;

// What is tested here is decided before any route touches what it works with.
beforeAll(async () => {
  ({ app, document } = await idleApp());
});

afterAll(() => app.close());

function operations(): ReturnType<typeof operationsOf> {
  return operationsOf(document);
}

test('the API describes itself in OpenAPI 3.1: each operation with a summary and its answers', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(operations().length).toBeGreaterThan(20);
  for (const [method, path, { summary, responses }] of operations()) {
    expect(summary, `${method} ${path}`).toMatch(/\w/);
    expect(Object.keys(responses ?? {}), `${method} ${path}`).not.toEqual([]);
  }
});

test('no operation without a schema on what comes in and what goes out', () => {
  for (const [method, path, { parameters = [], requestBody, responses = {} }] of operations()) {
    const named = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
    expect(named, `${method} ${path}`).toEqual(path.match(/\{\w+\}/g) ?? []);
    for (const { name, schema } of parameters) expect(Object.keys(schema), `${method} ${path} ${name}`).not.toEqual([]);
    const body: { additionalProperties?: boolean } | undefined = requestBody?.content['application/json']?.schema;
    if (body !== undefined) expect(body.additionalProperties, `${method} ${path}`).toBe(false);
    const [good = '', answer] = Object.entries(responses).find(([status]) => status.startsWith('2')) ?? [];
    const schemas = Object.values((answer as { content?: Record<string, { schema?: object }> }).content ?? {});
    if (good !== '204') expect(schemas.every(({ schema }) => schema !== undefined) && schemas.length, path).toBe(1);
    expect(Object.keys(responses), `${method} ${path}`).toEqual(expect.arrayContaining(['4XX', '5XX']));
  }
});

test('every reference in the description leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, to = '']) => to);
  for (const reference of references) {
    let found: unknown = document;
    for (const step of reference.split('/')) found = (found as Record<string, unknown> | undefined)?.[step];
    expect(found, reference).toBeDefined();
  }
});

const PUBLIC = new Set([
  '/healthz',
  '/readyz',
  '/metrics',
  '/v1/hub',
  '/v1/enroll',
  '/v1/recover',
  '/crl.pem',
  '/v1/bootstrap',
]);

test('every route that is not for everybody refuses who has no key, before it looks at anything else', async () => {
  const guarded = operations().filter(([, path]) => !PUBLIC.has(path));
  expect(guarded.length).toBeGreaterThan(15);
  for (const [method, path] of guarded)
    for (const authorization of [undefined, 'Basic eA==', 'Bearer', `Bearer ${SECRET}`]) {
      const url = path.replaceAll(/\{[^}]+\}/g, 'x');
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await app.inject({ method: method.toUpperCase() as 'GET', url, headers });
      expect(answer.statusCode, `${method} ${path}`).toBe(401);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(answer.json()).toMatchObject({
        code: 'unauthenticated',
        type: 'urn:qconn:error:unauthenticated',
        status: 401,
      });
      expect(answer.body).not.toContain(SECRET);
    }
});

describe('a request that is wrong is told so as a problem, and its values are never quoted', () => {
  const post = (payload: string, url = '/v1/bootstrap'): Promise<{ statusCode: number; body: string }> =>
    app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json' } });

  test.each([
    ['text that is not JSON', `{"secret": "${SECRET}`],
    ['a field of the wrong type', `{"secret": ["${SECRET}"], "name": "x"}`],
    ['a field that is too long', JSON.stringify({ secret: SECRET.repeat(20), name: 'x' })],
    ['a missing field', JSON.stringify({ secret: SECRET })],
    ['a field too many', JSON.stringify({ secret: SECRET, name: 'x', extra: SECRET })],
    ['a secret of no shape', JSON.stringify({ secret: SECRET, name: 'x' })],
  ])('%s', async (_, payload) => {
    const answer = await post(payload);
    expect(answer.statusCode).toBe(400);
    expect(answer.body).not.toContain(SECRET);
    expect(JSON.parse(answer.body)).toMatchObject({ status: 400, instance: expect.stringMatching(/./) });
  });

  test('more than an enrolment has', async () => {
    const answer = await post(JSON.stringify({ token: 'x'.repeat(20_000) }), '/v1/enroll');
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'too_large', status: 413 });
  });

  test('a route that does not exist', async () => {
    const answer = await app.inject({ url: '/v1/nothing' });
    expect(answer.json()).toMatchObject({ code: 'unknown_object', status: 404 });
  });
});
